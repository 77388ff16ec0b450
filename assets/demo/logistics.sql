CREATE SCHEMA logistics;
CREATE TABLE logistics.warehouse (
  whse_id INTEGER PRIMARY KEY, whse_cd VARCHAR NOT NULL, whse_name VARCHAR, city VARCHAR, country_code CHAR(2), latitude DOUBLE,
  longitude DOUBLE, floor_area_sqm INTEGER, capacity_pallets INTEGER, is_bonded BOOLEAN, opened_on DATE, mgr_emp_id INTEGER);
INSERT INTO logistics.warehouse VALUES
  (1,'HAM1','Hamburg Harbour','Hamburg','DE',53.5403,9.9836,18500,14200,true,'2003-05-02',17),
  (2,'RTM1','Rotterdam Cross-dock','Rotterdam','NL',51.9244,4.4777,7400,3900,true,'2012-10-01',44),
  (3,'GOT1','Gothenburg','Gothenburg','SE',57.7089,11.9746,6100,4800,false,'2016-02-15',63),
  (4,'LYS1','Lyon','Lyon','FR',45.7640,4.8357,5200,4100,false,'2019-06-03',88);
CREATE TABLE logistics.storage_bin (
  bin_id INTEGER PRIMARY KEY, whse_id INTEGER NOT NULL REFERENCES logistics.warehouse(whse_id), aisle CHAR(2), rack SMALLINT, shelf SMALLINT,
  bin_type CHAR(2), max_weight_kg DECIMAL(8,2), max_vol_m3 DECIMAL(8,3), temp_zone CHAR(1), is_blocked BOOLEAN, last_counted_on DATE);
CREATE TABLE logistics.stock_level (
  whse_id INTEGER REFERENCES logistics.warehouse(whse_id), product_id INTEGER, qty_on_hand INTEGER, qty_reserved INTEGER,
  qty_in_transit INTEGER, reorder_point INTEGER, safety_stock INTEGER, avg_daily_demand DECIMAL(8,2), days_of_supply DECIMAL(8,1),
  last_receipt_dt DATE, last_issue_dt DATE, abc_class CHAR(1), PRIMARY KEY (whse_id, product_id));
CREATE TABLE logistics.stock_movement (
  movement_id BIGINT PRIMARY KEY, whse_id INTEGER REFERENCES logistics.warehouse(whse_id), product_id INTEGER,
  bin_id INTEGER REFERENCES logistics.storage_bin(bin_id), mvt_type CHAR(3), qty INTEGER, unit_cost DECIMAL(10,2), batch_no VARCHAR,
  doc_ref VARCHAR, posted_at TIMESTAMP, posted_by VARCHAR);
CREATE TABLE logistics.carrier (
  carrier_id INTEGER PRIMARY KEY, scac VARCHAR, carrier_name VARCHAR, service_lvl VARCHAR, track_url_tmpl VARCHAR, max_parcel_kg DECIMAL(6,2),
  cutoff_time TIME, co2_g_per_tkm INTEGER, contract_valid_to DATE, is_active BOOLEAN);
INSERT INTO logistics.carrier VALUES
  (1,'NWPX','Northwave Parcel','standard','https://track.northwave.example/{no}',31.5,'17:30',62,'2026-12-31',true),
  (2,'NWPX','Northwave Parcel','express','https://track.northwave.example/{no}',31.5,'15:00',118,'2026-12-31',true),
  (3,'BLTF','Baltic Freight','pallet','https://baltic.example/t/{no}',1200,'12:00',71,'2025-12-31',true),
  (4,'GRBK','Green Bike Couriers','same day',NULL,20,'11:00',0,'2025-06-30',true),
  (5,'OLDC','Old Coast Cargo','pallet',NULL,1500,'10:00',94,'2019-12-31',false);
CREATE TABLE logistics.shipment (
  shipment_id INTEGER PRIMARY KEY, shipment_no VARCHAR, order_id INTEGER, whse_id INTEGER REFERENCES logistics.warehouse(whse_id),
  carrier_id INTEGER REFERENCES logistics.carrier(carrier_id), ship_status VARCHAR, picked_at TIMESTAMP, packed_at TIMESTAMP, shipped_at TIMESTAMP,
  eta DATE, delivered_at TIMESTAMP, signed_by VARCHAR, tracking_no VARCHAR, incoterm CHAR(3), freight_cost DECIMAL(8,2), dist_km INTEGER);
CREATE TABLE logistics.parcel (
  parcel_id INTEGER PRIMARY KEY, shipment_id INTEGER NOT NULL REFERENCES logistics.shipment(shipment_id), parcel_seq SMALLINT, sscc VARCHAR,
  gross_wt_kg DECIMAL(7,3), length_cm SMALLINT, width_cm SMALLINT, height_cm SMALLINT, pkg_type VARCHAR, declared_value DECIMAL(10,2),
  label_printed_at TIMESTAMP, damage_flg CHAR(1));
CREATE TABLE logistics.tracking_event (
  event_id BIGINT PRIMARY KEY, parcel_id INTEGER NOT NULL REFERENCES logistics.parcel(parcel_id), event_cd VARCHAR, event_ts TIMESTAMP,
  location VARCHAR, country_code CHAR(2), remark VARCHAR, received_at TIMESTAMP);
CREATE TABLE logistics.supplier (
  supplier_id INTEGER PRIMARY KEY, supplier_no VARCHAR, supplier_name VARCHAR, country_code CHAR(2), city VARCHAR, contact_email VARCHAR,
  lead_time_days SMALLINT, min_order_val DECIMAL(10,2), currency CHAR(3), pmt_terms VARCHAR, quality_rating DECIMAL(3,1),
  iso9001_cert BOOLEAN, audit_due_on DATE, on_hold BOOLEAN);
CREATE TABLE logistics.purchase_order (
  po_id INTEGER PRIMARY KEY, po_no VARCHAR NOT NULL, supplier_id INTEGER REFERENCES logistics.supplier(supplier_id),
  whse_id INTEGER REFERENCES logistics.warehouse(whse_id), po_status VARCHAR, ordered_on DATE, expected_on DATE, confirmed_on DATE,
  incoterm CHAR(3), total_amt DECIMAL(12,2), currency CHAR(3), buyer_emp_id INTEGER, approved_at TIMESTAMP);
CREATE TABLE logistics.purchase_order_line (
  po_id INTEGER REFERENCES logistics.purchase_order(po_id), line_no SMALLINT, product_id INTEGER, supplier_part_no VARCHAR, qty_ordered INTEGER,
  qty_received INTEGER, qty_rejected INTEGER, unit_cost DECIMAL(10,2), received_on DATE, PRIMARY KEY (po_id, line_no));
CREATE TABLE logistics.cycle_count (
  count_id INTEGER PRIMARY KEY, bin_id INTEGER REFERENCES logistics.storage_bin(bin_id), product_id INTEGER, counted_on DATE, counted_by VARCHAR,
  qty_system INTEGER, qty_counted INTEGER, variance_val DECIMAL(10,2), recount_reqd BOOLEAN);
