CREATE SCHEMA finance;
CREATE TABLE finance.currency (
  currency_cd CHAR(3) PRIMARY KEY, currency_name VARCHAR, symbol VARCHAR, minor_units SMALLINT, is_reporting BOOLEAN);
INSERT INTO finance.currency VALUES
  ('EUR','Euro','€',2,true), ('USD','US dollar','$',2,false), ('GBP','Pound sterling','£',2,false), ('SEK','Swedish krona','kr',2,false),
  ('NOK','Norwegian krone','kr',2,false), ('CHF','Swiss franc','Fr',2,false), ('CAD','Canadian dollar','$',2,false);
CREATE TABLE finance.fx_rate (
  from_ccy CHAR(3) REFERENCES finance.currency(currency_cd), to_ccy CHAR(3) REFERENCES finance.currency(currency_cd), rate_dt DATE, mid_rate DECIMAL(14,6),
  src CHAR(3), loaded_at TIMESTAMP, PRIMARY KEY (from_ccy, to_ccy, rate_dt));
CREATE TABLE finance.gl_account (
  acct_no VARCHAR PRIMARY KEY, acct_name VARCHAR NOT NULL, acct_type CHAR(1), parent_acct_no VARCHAR, normal_balance CHAR(1), is_posting BOOLEAN, tax_cd VARCHAR, closed_on DATE);
INSERT INTO finance.gl_account VALUES
  ('1000','Cash and bank','A',NULL,'D',true,NULL,NULL), ('1200','Trade receivables','A',NULL,'D',true,NULL,NULL), ('1400','Inventory','A',NULL,'D',true,NULL,NULL),
  ('1600','Trade payables','L',NULL,'C',true,NULL,NULL), ('1770','VAT payable','L',NULL,'C',true,'V1',NULL), ('2000','Equity','E',NULL,'C',false,NULL,NULL),
  ('4000','Merchandise sales','R',NULL,'C',true,'V1',NULL), ('4100','Freight income','R',NULL,'C',true,'V1',NULL), ('5000','Cost of goods sold','X',NULL,'D',true,NULL,NULL),
  ('6000','Wages and salaries','X',NULL,'D',true,NULL,NULL), ('6300','Outbound freight','X',NULL,'D',true,'V1',NULL), ('6805','Telephone (old)','X','6300','D',false,'V1','2018-12-31');
CREATE TABLE finance.cost_center (
  cost_ctr VARCHAR PRIMARY KEY, cost_ctr_name VARCHAR, resp_emp_id INTEGER, profit_ctr VARCHAR, valid_from DATE, valid_to DATE);
INSERT INTO finance.cost_center VALUES
  ('1000','Management',1,'P10','2003-01-01',NULL), ('2000','Sales',5,'P20','2003-01-01',NULL), ('2010','Key accounts',9,'P20','2008-01-01',NULL), ('2020','Web shop',12,'P25','2014-01-01',NULL),
  ('3010','Warehouse Hamburg',17,'P30','2003-01-01',NULL), ('3030','Warehouse Gothenburg',63,'P30','2016-01-01',NULL), ('4000','Purchasing',22,'P10','2003-01-01',NULL),
  ('5000','Finance',26,'P10','2003-01-01',NULL), ('7000','IT',35,'P10','2003-01-01',NULL), ('2090','Catalogue print',NULL,'P20','2003-01-01','2020-12-31');
CREATE TABLE finance.fiscal_period (
  fiscal_year SMALLINT, period_no SMALLINT, start_dt DATE, end_dt DATE, is_closed BOOLEAN, closed_by VARCHAR, closed_at TIMESTAMP, PRIMARY KEY (fiscal_year, period_no));
CREATE TABLE finance.invoice (
  invoice_id INTEGER PRIMARY KEY, invoice_no VARCHAR NOT NULL UNIQUE, order_id INTEGER, customer_id INTEGER, invoice_dt DATE, due_dt DATE, net_amt DECIMAL(12,2),
  vat_amt DECIMAL(12,2), gross_amt DECIMAL(12,2), currency_cd CHAR(3) REFERENCES finance.currency(currency_cd), paid_amt DECIMAL(12,2), pmt_status CHAR(1),
  dunning_lvl SMALLINT, last_dunned_on DATE, cancelled BOOLEAN, pdf_path VARCHAR, e_invoice_fmt VARCHAR);
CREATE TABLE finance.payment (
  payment_id INTEGER PRIMARY KEY, invoice_id INTEGER REFERENCES finance.invoice(invoice_id), pmt_method CHAR(2), amt DECIMAL(12,2), currency_cd CHAR(3) REFERENCES finance.currency(currency_cd),
  received_on DATE, value_dt DATE, bank_ref VARCHAR, disc_taken DECIMAL(8,2), reversed BOOLEAN, reversal_reason VARCHAR);
CREATE TABLE finance.journal_entry (
  je_id INTEGER PRIMARY KEY, je_no VARCHAR, posting_dt DATE, doc_dt DATE, fiscal_year SMALLINT, period_no SMALLINT, je_type CHAR(2), src_system VARCHAR,
  hdr_text VARCHAR, posted_by VARCHAR, posted_at TIMESTAMP, reversed_je_id INTEGER);
CREATE TABLE finance.journal_line (
  je_id INTEGER REFERENCES finance.journal_entry(je_id), line_no SMALLINT, acct_no VARCHAR REFERENCES finance.gl_account(acct_no), cost_ctr VARCHAR REFERENCES finance.cost_center(cost_ctr),
  dr_amt DECIMAL(14,2), cr_amt DECIMAL(14,2), amt_lc DECIMAL(14,2), tax_cd VARCHAR, line_text VARCHAR, PRIMARY KEY (je_id, line_no));
CREATE TABLE finance.budget (
  fiscal_year SMALLINT, cost_ctr VARCHAR REFERENCES finance.cost_center(cost_ctr), acct_no VARCHAR REFERENCES finance.gl_account(acct_no), version_no SMALLINT,
  q1_amt DECIMAL(12,2), q2_amt DECIMAL(12,2), q3_amt DECIMAL(12,2), q4_amt DECIMAL(12,2), locked BOOLEAN, PRIMARY KEY (fiscal_year, cost_ctr, acct_no, version_no));
CREATE TABLE finance.fixed_asset (
  asset_id INTEGER PRIMARY KEY, asset_tag VARCHAR, asset_desc VARCHAR, asset_class VARCHAR, acq_dt DATE, acq_cost DECIMAL(12,2), useful_life_yrs SMALLINT, depr_method CHAR(2),
  accum_depr DECIMAL(12,2), nbv DECIMAL(12,2), disposed_on DATE, disposal_proceeds DECIMAL(12,2), location VARCHAR);
CREATE TABLE finance.bank_statement_line (
  stmt_line_id INTEGER PRIMARY KEY, acct_iban VARCHAR, booking_dt DATE, value_dt DATE, amt DECIMAL(12,2), ccy CHAR(3), counterparty VARCHAR, purpose VARCHAR,
  end_to_end_id VARCHAR, matched_payment_id INTEGER REFERENCES finance.payment(payment_id), match_score DECIMAL(4,3));
