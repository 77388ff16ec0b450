CREATE SCHEMA sales;
CREATE TABLE sales.country (
  country_code CHAR(2) PRIMARY KEY, country_name VARCHAR NOT NULL, region VARCHAR, eu_member BOOLEAN,
  vat_rate DECIMAL(5,2), phone_prefix VARCHAR, default_currency CHAR(3));
INSERT INTO sales.country VALUES
  ('DE','Germany','Europe',true,19.00,'+49','EUR'), ('FR','France','Europe',true,20.00,'+33','EUR'),
  ('NL','Netherlands','Europe',true,21.00,'+31','EUR'), ('SE','Sweden','Europe',true,25.00,'+46','SEK'),
  ('NO','Norway','Europe',false,25.00,'+47','NOK'), ('GB','United Kingdom','Europe',false,20.00,'+44','GBP'),
  ('US','United States','North America',false,0.00,'+1','USD'), ('CA','Canada','North America',false,5.00,'+1','CAD'),
  ('AT','Austria','Europe',true,20.00,'+43','EUR'), ('CH','Switzerland','Europe',false,8.10,'+41','CHF');
CREATE TABLE sales.customer_segment (
  segment_code VARCHAR PRIMARY KEY, segment_name VARCHAR NOT NULL, min_annual_revenue DECIMAL(12,2),
  discount_pct DECIMAL(5,2), account_mgr_required BOOLEAN);
INSERT INTO sales.customer_segment VALUES
  ('KEY','Key accounts',250000,12.50,true), ('RET','Independent retailers',20000,7.50,true),
  ('CHN','Chain stores',100000,10.00,true), ('CLB','Clubs and schools',2000,5.00,false), ('PRV','Private customers',0,0.00,false);
CREATE TABLE sales.sales_channel (
  channel_id INTEGER PRIMARY KEY, channel_cd VARCHAR NOT NULL, channel_name VARCHAR, is_online BOOLEAN, launched_on DATE);
INSERT INTO sales.sales_channel VALUES
  (1,'WEB','Web shop',true,'2014-03-01'), (2,'B2B','Dealer portal',true,'2017-09-15'), (3,'SHP','Own shops',false,'2003-05-02'),
  (4,'TEL','Telephone orders',false,'2001-01-10'), (5,'MKT','Marketplaces',true,'2019-11-04');
CREATE TABLE sales.customers (
  customer_id INTEGER PRIMARY KEY, customer_no VARCHAR NOT NULL UNIQUE, company_name VARCHAR, first_name VARCHAR, last_name VARCHAR,
  segment_code VARCHAR REFERENCES sales.customer_segment(segment_code), email VARCHAR, phone VARCHAR, vat_id VARCHAR,
  country_code CHAR(2) REFERENCES sales.country(country_code), pref_lang CHAR(2), credit_limit DECIMAL(12,2),
  pmt_terms_days SMALLINT, newsletter_opt_in BOOLEAN, is_blocked BOOLEAN, blocked_reason VARCHAR,
  created_at TIMESTAMP, updated_at TIMESTAMP);
CREATE TABLE sales.customer_address (
  address_id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES sales.customers(customer_id), addr_type CHAR(1) NOT NULL,
  street VARCHAR, house_no VARCHAR, postal_code VARCHAR, city VARCHAR, country_code CHAR(2) REFERENCES sales.country(country_code),
  delivery_notes VARCHAR, is_default BOOLEAN, valid_from DATE, valid_to DATE);
CREATE TABLE sales.customer_contact (
  contact_id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES sales.customers(customer_id), first_name VARCHAR,
  last_name VARCHAR, job_title VARCHAR, email VARCHAR, mobile VARCHAR, is_primary BOOLEAN, last_contacted_at TIMESTAMP, birthday DATE);
CREATE TABLE sales.product_category (
  category_id INTEGER PRIMARY KEY, parent_category_id INTEGER, category_name VARCHAR NOT NULL, sort_order SMALLINT,
  margin_target_pct DECIMAL(5,2), is_seasonal BOOLEAN);
INSERT INTO sales.product_category VALUES
  (1,NULL,'Camping',10,38.0,false), (2,NULL,'Climbing',20,34.0,false), (3,NULL,'Paddling',30,31.5,true), (4,NULL,'Winter',40,36.0,true),
  (5,1,'Tents',11,35.0,true), (6,1,'Sleeping bags',12,40.0,true), (7,1,'Stoves',13,37.5,false), (8,2,'Ropes',21,33.0,false),
  (9,2,'Harnesses',22,36.5,false), (10,3,'Kayaks',31,28.0,true), (11,3,'Paddles',32,39.0,true), (12,4,'Skis',41,30.0,true), (13,4,'Snowshoes',42,41.0,true);
CREATE TABLE sales.products (
  product_id INTEGER PRIMARY KEY, sku VARCHAR NOT NULL UNIQUE, ean VARCHAR, product_name VARCHAR NOT NULL,
  category_id INTEGER REFERENCES sales.product_category(category_id), brand VARCHAR, list_price DECIMAL(10,2), cost_price DECIMAL(10,2),
  weight_kg DECIMAL(8,3), length_cm DECIMAL(7,1), width_cm DECIMAL(7,1), height_cm DECIMAL(7,1), color VARCHAR, size_cd VARCHAR,
  lifecycle_status VARCHAR, launch_date DATE, discontinued_on DATE, hazmat_flag CHAR(1), warranty_months SMALLINT, updated_at TIMESTAMP);
CREATE TABLE sales.price_list (
  price_list_id INTEGER PRIMARY KEY, price_list_name VARCHAR, currency CHAR(3), segment_code VARCHAR REFERENCES sales.customer_segment(segment_code),
  valid_from DATE, valid_to DATE, tax_included BOOLEAN);
CREATE TABLE sales.price_list_item (
  price_list_id INTEGER REFERENCES sales.price_list(price_list_id), product_id INTEGER REFERENCES sales.products(product_id),
  net_price DECIMAL(10,2), min_qty INTEGER, max_disc_pct DECIMAL(5,2), changed_by VARCHAR, changed_at TIMESTAMP,
  PRIMARY KEY (price_list_id, product_id));
CREATE TABLE sales.promotion (
  promo_id INTEGER PRIMARY KEY, promo_code VARCHAR, promo_name VARCHAR, disc_type CHAR(1), disc_value DECIMAL(8,2), starts_on DATE,
  ends_on DATE, max_redemptions INTEGER, redeemed_cnt INTEGER, channel_id INTEGER REFERENCES sales.sales_channel(channel_id));
CREATE TABLE sales.orders (
  order_id INTEGER PRIMARY KEY, order_no VARCHAR NOT NULL UNIQUE, customer_id INTEGER NOT NULL REFERENCES sales.customers(customer_id),
  channel_id INTEGER REFERENCES sales.sales_channel(channel_id), order_status VARCHAR, ordered_at TIMESTAMP, requested_delivery_date DATE,
  ship_addr_id INTEGER REFERENCES sales.customer_address(address_id), bill_addr_id INTEGER REFERENCES sales.customer_address(address_id),
  currency CHAR(3), net_amt DECIMAL(12,2), tax_amt DECIMAL(12,2), ship_cost DECIMAL(8,2), promo_id INTEGER REFERENCES sales.promotion(promo_id),
  is_gift BOOLEAN, gift_message VARCHAR, po_number VARCHAR, cancelled_at TIMESTAMP, cancel_reason_cd VARCHAR, sales_rep_id INTEGER);
CREATE TABLE sales.order_items (
  order_id INTEGER REFERENCES sales.orders(order_id), line_no SMALLINT, product_id INTEGER NOT NULL REFERENCES sales.products(product_id),
  qty INTEGER, unit_price DECIMAL(10,2), disc_pct DECIMAL(5,2), tax_rate DECIMAL(5,2), line_amt DECIMAL(12,2), qty_shipped INTEGER,
  qty_returned INTEGER, backorder_flag CHAR(1), promised_date DATE, PRIMARY KEY (order_id, line_no));
CREATE TABLE sales.returns (
  return_id INTEGER PRIMARY KEY, rma_no VARCHAR, order_id INTEGER NOT NULL REFERENCES sales.orders(order_id), received_at TIMESTAMP,
  reason_cd VARCHAR, condition_grade CHAR(1), refund_amt DECIMAL(10,2), restocked BOOLEAN, inspected_by VARCHAR, remarks VARCHAR);
CREATE TABLE sales.quotation (
  quote_id INTEGER PRIMARY KEY, quote_no VARCHAR, customer_id INTEGER REFERENCES sales.customers(customer_id), valid_until DATE,
  quote_status VARCHAR, win_prob_pct SMALLINT, total_amt DECIMAL(12,2), currency CHAR(3), lost_to VARCHAR, created_by VARCHAR, created_at TIMESTAMP);
CREATE TABLE sales.sales_target (
  rep_id INTEGER, fiscal_year SMALLINT, fiscal_qtr SMALLINT, target_amt DECIMAL(12,2), achieved_amt DECIMAL(12,2), bonus_pct DECIMAL(5,2),
  approved_by VARCHAR, PRIMARY KEY (rep_id, fiscal_year, fiscal_qtr));
