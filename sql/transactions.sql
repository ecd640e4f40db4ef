-- Messages live and die with the transaction they are sent in.
SET client_min_messages = warning;
SELECT adama.deploy('tx', $$
record Entry { public int id; public int n; }
table<Entry> _log;
public int sum;
public int count;
public formula entries = iterate _log;
message Add { int n; }
channel add(Add a) {
  if (a.n < 0) { abort; }
  sum += a.n;
  count++;
  _log <- { n: a.n };
}
$$);
SELECT adama.create('tx', 'a'), adama.create('tx', 'b');
CREATE TABLE tx_orders (n int PRIMARY KEY);

-- together with other SQL
BEGIN;
INSERT INTO tx_orders VALUES (1);
SELECT tx.add('a', n => 1);
SELECT adama.view('tx', 'a');
ROLLBACK;
SELECT count(*) FROM tx_orders;
SELECT adama.view('tx', 'a'), seq FROM tx.document WHERE key = 'a';
SELECT count(*) AS log FROM tx.log WHERE key = 'a';
BEGIN;
INSERT INTO tx_orders VALUES (1);
SELECT tx.add('a', n => 1);
COMMIT;
SELECT adama.view('tx', 'a'), count(*) AS orders FROM tx_orders;

-- savepoints
BEGIN;
SELECT tx.add('a', n => 10);
SAVEPOINT one;
SELECT tx.add('a', n => 100);
SAVEPOINT two;
SELECT tx.add('a', n => 1000), tx.add('b', n => 1);
ROLLBACK TO two;
SELECT adama.view('tx', 'a') AS a, adama.view('tx', 'b') AS b;
SELECT tx.add('a', n => 2000);
RELEASE two;
SELECT adama.view('tx', 'a') AS a;
ROLLBACK TO one;
SELECT adama.view('tx', 'a') AS a;
SELECT tx.add('a', n => 5);
COMMIT;
SELECT adama.view('tx', 'a') AS a, adama.view('tx', 'b') AS b;
SELECT seq, message FROM tx.log WHERE key = 'a' AND event = 'send' ORDER BY seq;

-- exception blocks
DO $$
BEGIN
	PERFORM tx.add('a', n => 1);
	BEGIN
		PERFORM tx.add('a', n => 2);
		RAISE EXCEPTION 'undo this';
	EXCEPTION WHEN raise_exception THEN NULL;
	END;
	BEGIN
		PERFORM tx.add('a', n => -1);
	EXCEPTION WHEN SQLSTATE 'YA031' THEN RAISE INFO 'aborted: %', SQLERRM;
	END;
	PERFORM tx.add('a', n => 4);
END $$;
SELECT adama.view('tx', 'a') AS a;

-- an abort undoes its message, and fails the statement
BEGIN;
SELECT tx.add('a', n => 1);
SELECT tx.add('a', n => -5);
SELECT 1;
ROLLBACK;
SELECT adama.view('tx', 'a') AS a;

-- many sends in one statement, each sees the one before; a failure takes them all back
SELECT array_agg(tx.add('b', n => i)) FROM generate_series(1, 5) i;
SELECT array_agg(tx.add('b', n => 3 - i)) FROM generate_series(1, 5) i;
SELECT adama.view('tx', 'b') AS b;
-- several documents in one statement
SELECT k, tx.add(k, n => 1) FROM unnest(ARRAY['a', 'b', 'a', 'b']) k;
-- a read function sees what its transaction sent, a statement's own snapshot decides
BEGIN;
SELECT tx.add('b', n => 77);
SELECT n FROM tx.entries('b') ORDER BY id DESC LIMIT 1;
ROLLBACK;
SELECT n FROM tx.entries('b') ORDER BY id DESC LIMIT 1;

-- create and delete, too
BEGIN;
SELECT adama.create('tx', 'c'), tx.add('c', n => 1);
SAVEPOINT s;
SELECT adama.delete('tx', 'c');
SELECT tx.add('c', n => 2);
ROLLBACK TO s;
SELECT tx.add('c', n => 2);
SELECT adama.delete('tx', 'a');
SELECT adama.create('tx', 'a');
SELECT adama.view('tx', 'a') AS a;
ROLLBACK;
SELECT key, seq FROM tx.documents ORDER BY key;
SELECT adama.view('tx', 'a')->'count' AS a;

-- a deploy that is rolled back never was
BEGIN;
SELECT adama.deploy('tx', 'public int sum; public int count;');
SELECT tx.create_document('d');
SELECT adama.view('tx', 'd');
ROLLBACK;
SELECT tx.add('a', n => 1) IS NOT NULL AS works;
BEGIN;
SELECT adama.deploy('never', 'public int x;'), adama.create('never', 'k');
ROLLBACK;
SELECT adama.create('never', 'k');
-- another text under the number that the aborted one had
SELECT adama.deploy('tx', source || ' public int more;') FROM tx.program;
SELECT tx.add('a', n => 1) IS NOT NULL AS works;
SELECT adama.view('tx', 'a')->'more' AS more;

-- in REPEATABLE READ
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT adama.view('tx', 'b')->'sum' AS sum;
SELECT tx.add('b', n => 1) IS NOT NULL AS sent, tx.add('b', n => 1) IS NOT NULL AS again;
SELECT adama.view('tx', 'b')->'sum' AS sum;
COMMIT;

-- a prepared transaction would leave the session's documents in doubt
BEGIN;
SELECT tx.add('b', n => 1) IS NOT NULL AS sent;
PREPARE TRANSACTION 'adama';
BEGIN;
SELECT adama.connect('tx', 'b') IS NOT NULL AS connected;
PREPARE TRANSACTION 'adama';
BEGIN;
SELECT adama.view('tx', 'b')->'sum' AS sum;
PREPARE TRANSACTION 'adama_reads';
ROLLBACK PREPARED 'adama_reads';

-- read-only transactions
BEGIN READ ONLY;
SELECT adama.view('tx', 'b')->'sum' AS sum;
SELECT tx.add('b', n => 1);
ROLLBACK;

-- a trigger may send to another document, not to the one whose message fired it
CREATE FUNCTION tx_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.key = 'b' THEN PERFORM tx.add('a', n => 1000); END IF;
	IF NEW.key = 'a' AND NEW.message OPERATOR(adama.->>) 'n' = '13' THEN PERFORM tx.add('a', n => 1); END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER forward AFTER INSERT ON tx.log FOR EACH ROW EXECUTE FUNCTION tx_trigger();
SELECT adama.view('tx', 'a')->'sum' AS sum;
SELECT tx.add('b', n => 1) IS NOT NULL AS sent;
SELECT adama.view('tx', 'a')->'sum' AS sum;
SELECT tx.add('a', n => 13);
SELECT adama.view('tx', 'a')->'sum' AS sum;

DROP SCHEMA tx CASCADE;
DROP TABLE tx_orders;
DROP FUNCTION tx_trigger();
