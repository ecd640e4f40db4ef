-- What a person finds in the catalogs: every object explained, every function careful, nothing given away.
\set program `cat ../../examples/pubsub.adama`
SELECT plan(16);

CREATE VIEW members AS
  SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS what
  FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
  WHERE e.extname = 'adama';

SELECT is_empty($$
  SELECT what FROM members m
  -- array types and the members of operator families are parts of what has a comment
  WHERE classid <> 'pg_amop'::regclass AND classid <> 'pg_amproc'::regclass
    AND NOT EXISTS (SELECT FROM pg_type t WHERE m.classid = 'pg_type'::regclass AND t.oid = m.objid AND t.typcategory = 'A')
    AND NOT EXISTS (SELECT FROM pg_description c WHERE c.classoid = m.classid AND c.objoid = m.objid AND c.objsubid = 0)
$$, 'every object of the extension has a comment');
SELECT ok((SELECT count(*) > 80 FROM members), 'and they are many');
SELECT is_empty($$
  SELECT p.oid::regprocedure FROM members m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
  WHERE p.prosecdef
$$, 'no function of the extension runs with the rights of its owner');
SELECT is_empty($$
  SELECT p.oid::regprocedure FROM members m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
  WHERE p.provolatile = 'v' AND p.proparallel = 's'
$$, 'what is volatile does not run in parallel workers');
SELECT is_empty($$
  SELECT p.oid::regprocedure FROM members m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid, unnest(p.proargtypes) t(type)
  WHERE NOT p.proisstrict AND p.prolang = (SELECT oid FROM pg_language WHERE lanname = 'c') AND p.pronargs = p.pronargdefaults
    AND p.pronargs > 0 AND p.provolatile = 'i'
$$, 'immutable functions are strict or know what they do');
SELECT is_empty($$
  SELECT what FROM members m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid WHERE p.pronamespace <> 'adama'::regnamespace
$$, 'all of it lies in its own schema');
SELECT ok(NOT (SELECT extrelocatable FROM pg_extension WHERE extname = 'adama'), 'which it does not leave');

SELECT is(adama.deploy('chat', :'program'), 1, 'a space is deployed');
SELECT has_table('chat', t, 'it has the table ' || t) FROM unnest('{document,log,connection}'::text[]) t;
SELECT has_view('chat', 'documents', 'and the view documents');
SELECT has_function('chat', 'publish', '{text,text}'::text[], 'a function per channel');
SELECT is((SELECT proargnames[1:2] FROM pg_proc WHERE oid = 'chat.publish(text,text)'::regprocedure), '{key,payload}'::text[],
  'whose arguments have the names of the message''s fields');
SELECT is_empty($$
  SELECT c.oid::regclass::text FROM pg_class c
  WHERE c.relnamespace = 'chat'::regnamespace AND c.relkind IN ('r', 'v') AND obj_description(c.oid, 'pg_class') IS NULL
  UNION ALL
  SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'chat'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL
  UNION ALL
  SELECT format('%s.%s', a.attrelid::regclass, a.attname) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  WHERE c.relnamespace = 'chat'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped AND col_description(c.oid, a.attnum) IS NULL
$$, 'every table, view, column and function of a space has a comment');
SELECT is_empty($$
  SELECT a.objid FROM (
    SELECT oid AS objid, coalesce(relacl, acldefault('r', relowner)) AS acl, relowner AS owner FROM pg_class WHERE relnamespace = 'chat'::regnamespace AND relkind IN ('r', 'v')
    UNION ALL SELECT oid, coalesce(proacl, acldefault('f', proowner)), proowner FROM pg_proc WHERE pronamespace = 'chat'::regnamespace
    UNION ALL SELECT oid, coalesce(nspacl, acldefault('n', nspowner)), nspowner FROM pg_namespace WHERE nspname = 'chat') a,
    aclexplode(a.acl) x
  WHERE x.grantee <> a.owner
$$, 'and nothing of it is anybody else''s until it is granted');

SELECT * FROM finish();
