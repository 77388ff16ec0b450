CREATE SCHEMA hr;
CREATE TABLE hr.department (
  dept_id INTEGER PRIMARY KEY, dept_name VARCHAR NOT NULL, parent_dept_id INTEGER, cost_ctr VARCHAR, head_emp_id INTEGER, budgeted_fte DECIMAL(6,1),
  site_city VARCHAR, is_active BOOLEAN);
INSERT INTO hr.department VALUES
  (1,'Management',NULL,'1000',1,4.0,'Hamburg',true), (2,'Sales',1,'2000',5,38.5,'Hamburg',true), (3,'Key Accounts',2,'2010',9,9.0,'Hamburg',true),
  (4,'Web Shop',2,'2020',12,14.0,'Hamburg',true), (5,'Warehouse Hamburg',1,'3010',17,62.0,'Hamburg',true), (6,'Warehouse Gothenburg',1,'3030',63,18.0,'Gothenburg',true),
  (7,'Purchasing',1,'4000',22,11.5,'Hamburg',true), (8,'Finance',1,'5000',26,15.0,'Hamburg',true), (9,'People',1,'6000',31,6.5,'Hamburg',true),
  (10,'IT',1,'7000',35,19.0,'Hamburg',true), (11,'Catalogue Print',2,'2090',NULL,0.0,'Hamburg',false);
CREATE TABLE hr.job (
  job_cd VARCHAR PRIMARY KEY, job_title VARCHAR NOT NULL, job_family VARCHAR, pay_grade SMALLINT, min_salary DECIMAL(10,2), max_salary DECIMAL(10,2), is_exempt BOOLEAN);
INSERT INTO hr.job VALUES
  ('MGR','Manager','Leadership',9,78000,125000,true), ('SRP','Sales Representative','Commercial',6,42000,68000,true), ('KAM','Key Account Manager','Commercial',8,60000,95000,true),
  ('PCK','Warehouse Operative','Operations',2,27000,34000,false), ('FLT','Forklift Driver','Operations',3,30000,38000,false), ('BUY','Buyer','Commercial',6,45000,72000,true),
  ('ACC','Accountant','Finance',6,46000,70000,true), ('DEV','Software Developer','Technology',7,55000,92000,true), ('ANL','Data Analyst','Technology',6,50000,78000,true), ('HRP','People Partner','People',6,47000,71000,true);
CREATE TABLE hr.employee (
  emp_id INTEGER PRIMARY KEY, emp_no VARCHAR NOT NULL UNIQUE, first_name VARCHAR, last_name VARCHAR, birth_dt DATE, gender CHAR(1), email VARCHAR,
  phone_ext VARCHAR, dept_id INTEGER REFERENCES hr.department(dept_id), job_cd VARCHAR REFERENCES hr.job(job_cd), mgr_emp_id INTEGER,
  hire_dt DATE, term_dt DATE, term_reason_cd VARCHAR, fte DECIMAL(3,2), contract_type CHAR(1), weekly_hrs DECIMAL(4,1), vacation_days SMALLINT,
  iban VARCHAR, emergency_contact VARCHAR, created_at TIMESTAMP, updated_at TIMESTAMP);
CREATE TABLE hr.salary_history (
  emp_id INTEGER REFERENCES hr.employee(emp_id), eff_dt DATE, annual_salary DECIMAL(10,2), currency CHAR(3), change_reason VARCHAR, pct_change DECIMAL(5,2),
  approved_by_emp_id INTEGER, PRIMARY KEY (emp_id, eff_dt));
CREATE TABLE hr.absence (
  absence_id INTEGER PRIMARY KEY, emp_id INTEGER NOT NULL REFERENCES hr.employee(emp_id), absence_type CHAR(2), start_dt DATE, end_dt DATE,
  days_taken DECIMAL(4,1), requested_at TIMESTAMP, approved_at TIMESTAMP, approver_emp_id INTEGER, certificate_recd BOOLEAN);
CREATE TABLE hr.timesheet (
  emp_id INTEGER REFERENCES hr.employee(emp_id), work_dt DATE, hrs_worked DECIMAL(4,2), overtime_hrs DECIMAL(4,2), break_mins SMALLINT, shift_cd CHAR(1),
  cost_ctr VARCHAR, approved_flg CHAR(1), PRIMARY KEY (emp_id, work_dt));
CREATE TABLE hr.training_course (
  course_id INTEGER PRIMARY KEY, course_title VARCHAR, provider VARCHAR, duration_hrs DECIMAL(5,1), cost_per_seat DECIMAL(8,2), is_mandatory BOOLEAN, renew_after_months SMALLINT);
CREATE TABLE hr.training_record (
  emp_id INTEGER REFERENCES hr.employee(emp_id), course_id INTEGER REFERENCES hr.training_course(course_id), completed_on DATE, score_pct SMALLINT,
  cert_no VARCHAR, expires_on DATE, PRIMARY KEY (emp_id, course_id));
CREATE TABLE hr.applicant (
  applicant_id INTEGER PRIMARY KEY, job_cd VARCHAR REFERENCES hr.job(job_cd), full_name VARCHAR, email VARCHAR, applied_on DATE, src_channel VARCHAR,
  stage VARCHAR, expected_salary DECIMAL(10,2), notice_period_wks SMALLINT, rejected_on DATE, rejection_reason VARCHAR, gdpr_delete_after DATE);
CREATE TABLE hr.performance_review (
  review_id INTEGER PRIMARY KEY, emp_id INTEGER NOT NULL REFERENCES hr.employee(emp_id), reviewer_emp_id INTEGER, period_start DATE, period_end DATE,
  overall_rating SMALLINT, goals_met_pct SMALLINT, potential CHAR(1), comments VARCHAR, signed_at TIMESTAMP);
