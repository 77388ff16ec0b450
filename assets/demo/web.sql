CREATE SCHEMA web;
CREATE TABLE web.user_account (
  user_id INTEGER PRIMARY KEY, customer_id INTEGER, username VARCHAR NOT NULL UNIQUE, email VARCHAR, pwd_hash VARCHAR, pwd_changed_at TIMESTAMP, mfa_enabled BOOLEAN,
  failed_logins SMALLINT, locked_until TIMESTAMP, last_login_at TIMESTAMP, last_login_ip VARCHAR, locale VARCHAR, tz VARCHAR, consent_ts TIMESTAMP, is_deleted BOOLEAN, created_at TIMESTAMP);
CREATE TABLE web.session (
  session_id VARCHAR PRIMARY KEY, user_id INTEGER REFERENCES web.user_account(user_id), started_at TIMESTAMP, ended_at TIMESTAMP, device_type VARCHAR, os_name VARCHAR, browser VARCHAR,
  utm_source VARCHAR, utm_medium VARCHAR, utm_campaign VARCHAR, referrer_url VARCHAR, landing_page VARCHAR, page_views SMALLINT, bounced BOOLEAN, country_code CHAR(2));
CREATE TABLE web.page_view (
  view_id BIGINT PRIMARY KEY, session_id VARCHAR REFERENCES web.session(session_id), viewed_at TIMESTAMP, url_path VARCHAR, page_type VARCHAR, product_id INTEGER,
  load_ms INTEGER, scroll_pct SMALLINT, dwell_secs INTEGER, http_status SMALLINT);
CREATE TABLE web.cart (
  cart_id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES web.user_account(user_id), session_id VARCHAR REFERENCES web.session(session_id), created_at TIMESTAMP, updated_at TIMESTAMP,
  cart_status VARCHAR, item_cnt SMALLINT, subtotal DECIMAL(10,2), promo_code VARCHAR, abandoned_at TIMESTAMP, reminder_sent BOOLEAN, order_id INTEGER);
CREATE TABLE web.cart_item (
  cart_id INTEGER REFERENCES web.cart(cart_id), product_id INTEGER, qty SMALLINT, unit_price DECIMAL(10,2), added_at TIMESTAMP, removed_at TIMESTAMP, PRIMARY KEY (cart_id, product_id));
CREATE TABLE web.product_review (
  review_id INTEGER PRIMARY KEY, product_id INTEGER, user_id INTEGER REFERENCES web.user_account(user_id), stars SMALLINT, title VARCHAR, body VARCHAR, verified_purchase BOOLEAN,
  helpful_votes INTEGER, moderation_status CHAR(1), submitted_at TIMESTAMP, published_at TIMESTAMP);
CREATE TABLE web.search_log (
  search_id BIGINT PRIMARY KEY, session_id VARCHAR REFERENCES web.session(session_id), query_text VARCHAR, result_cnt INTEGER, clicked_product_id INTEGER, click_pos SMALLINT, searched_at TIMESTAMP,
  response_ms INTEGER, had_typo_fix BOOLEAN);
CREATE TABLE web.newsletter_send (
  send_id INTEGER PRIMARY KEY, campaign_cd VARCHAR, user_id INTEGER REFERENCES web.user_account(user_id), sent_at TIMESTAMP, opened_at TIMESTAMP, clicked_at TIMESTAMP, bounced BOOLEAN,
  bounce_type CHAR(1), unsubscribed BOOLEAN);
CREATE TABLE web.ab_test (
  test_id INTEGER PRIMARY KEY, test_key VARCHAR, hypothesis VARCHAR, started_on DATE, ended_on DATE, traffic_pct SMALLINT, variant_cnt SMALLINT, winner_variant CHAR(1), p_value DECIMAL(6,5), owner VARCHAR);
CREATE TABLE web.ab_assignment (
  test_id INTEGER REFERENCES web.ab_test(test_id), user_id INTEGER REFERENCES web.user_account(user_id), variant CHAR(1), assigned_at TIMESTAMP, converted BOOLEAN, revenue DECIMAL(10,2), PRIMARY KEY (test_id, user_id));
CREATE TABLE web.x_tmp_01 (x1 INTEGER PRIMARY KEY, x2 VARCHAR, f_07 VARCHAR, f_08 DOUBLE, flag_a CHAR(1));
