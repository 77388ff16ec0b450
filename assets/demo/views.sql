CREATE VIEW sales.v_open_orders AS
  SELECT o.order_id, o.order_no, o.customer_id, c.company_name, o.ordered_at, o.requested_delivery_date, o.net_amt, o.currency,
         date_diff('day', o.ordered_at::DATE, DATE '2025-06-30') AS age_days
  FROM sales.orders o JOIN sales.customers c USING (customer_id) WHERE o.order_status IN ('new', 'paid', 'picking');
CREATE VIEW sales.v_customer_revenue AS
  SELECT c.customer_id, c.customer_no, c.segment_code, count(o.order_id) AS order_cnt, sum(o.net_amt) AS net_revenue,
         avg(o.net_amt) AS avg_order_value, min(o.ordered_at) AS first_order_at, max(o.ordered_at) AS last_order_at
  FROM sales.customers c LEFT JOIN sales.orders o USING (customer_id) GROUP BY ALL;
CREATE VIEW sales.v_product_margin AS
  SELECT product_id, sku, product_name, list_price, cost_price, list_price - cost_price AS unit_margin,
         100 * (list_price - cost_price) / nullif(list_price, 0) AS margin_pct FROM sales.products;
CREATE VIEW logistics.v_stock_alert AS
  SELECT whse_id, product_id, qty_on_hand - qty_reserved AS qty_available, reorder_point, safety_stock, days_of_supply, abc_class
  FROM logistics.stock_level WHERE qty_on_hand - qty_reserved < reorder_point;
CREATE VIEW logistics.v_carrier_performance AS
  SELECT carrier_id, date_trunc('month', shipped_at) AS ship_month, count(*) AS shipment_cnt, avg(freight_cost) AS avg_freight_cost,
         100.0 * count(*) FILTER (delivered_at::DATE <= eta) / count(*) AS on_time_pct FROM logistics.shipment GROUP BY ALL;
CREATE VIEW hr.v_headcount AS
  SELECT d.dept_id, d.dept_name, count(e.emp_id) AS headcount, sum(e.fte) AS actual_fte, d.budgeted_fte
  FROM hr.department d LEFT JOIN hr.employee e ON e.dept_id = d.dept_id AND e.term_dt IS NULL GROUP BY ALL;
CREATE VIEW finance.v_overdue_invoice AS
  SELECT invoice_id, invoice_no, customer_id, due_dt, gross_amt - paid_amt AS open_amt, currency_cd,
         date_diff('day', due_dt, DATE '2025-06-30') AS days_overdue, dunning_lvl FROM finance.invoice WHERE pmt_status = 'O' AND NOT cancelled;
CREATE VIEW finance.v_trial_balance AS
  SELECT e.fiscal_year, e.period_no, l.acct_no, sum(l.dr_amt) AS dr_total, sum(l.cr_amt) AS cr_total, sum(l.dr_amt) - sum(l.cr_amt) AS balance
  FROM finance.journal_line l JOIN finance.journal_entry e USING (je_id) GROUP BY ALL;
CREATE VIEW web.v_conversion_funnel AS
  SELECT started_at::DATE AS visit_dt, device_type, count(*) AS sessions, count(*) FILTER (NOT bounced) AS engaged_sessions,
         avg(page_views) AS avg_page_views FROM web.session GROUP BY ALL;
CREATE VIEW web.v_review_summary AS
  SELECT product_id, count(*) AS review_cnt, avg(stars) AS avg_stars, count(*) FILTER (verified_purchase) AS verified_cnt
  FROM web.product_review WHERE moderation_status = 'A' GROUP BY ALL;
