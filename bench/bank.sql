-- The transfers of examples/bank.adama as one would write them without adama, with the same checks: over a jsonb column, one row per bank; and over an ordinary
-- table of accounts.  Neither keeps a log, and neither tells anybody.
CREATE SCHEMA money;
CREATE TABLE money.bank (key text COLLATE "C" PRIMARY KEY, seq bigint NOT NULL, accounts jsonb NOT NULL);
CREATE TABLE money.account (bank text COLLATE "C" NOT NULL, id int NOT NULL, owner text NOT NULL, balance bigint NOT NULL, PRIMARY KEY (bank, id))
  WITH (fillfactor = 50);

CREATE FUNCTION money.transfer_json(in_bank text, from_id int, to_id int, amount int) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  a jsonb;
  x jsonb;
  y jsonb;
BEGIN
  SELECT accounts INTO a FROM money.bank WHERE key = in_bank FOR NO KEY UPDATE;
  x := a -> from_id::text;
  y := a -> to_id::text;
  IF x IS NULL OR y IS NULL OR amount <= 0 OR x ->> 'owner' <> session_user OR (x ->> 'balance')::bigint < amount THEN
    RETURN false;
  END IF;
  a := jsonb_set(a, ARRAY[from_id::text, 'balance'], to_jsonb((x ->> 'balance')::bigint - amount));
  a := jsonb_set(a, ARRAY[to_id::text, 'balance'], to_jsonb((a -> to_id::text ->> 'balance')::bigint + amount));
  UPDATE money.bank SET accounts = a, seq = seq + 1 WHERE key = in_bank;
  RETURN true;
END $$;

CREATE FUNCTION money.transfer(in_bank text, from_id int, to_id int, amount int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  UPDATE money.account SET balance = balance - amount
    WHERE bank = in_bank AND id = from_id AND amount > 0 AND owner = session_user AND balance >= amount;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE money.account SET balance = balance + amount WHERE bank = in_bank AND id = to_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no account %', to_id;
  END IF;
  RETURN true;
END $$;

CREATE FUNCTION money.open(in_bank text, n int) RETURNS void LANGUAGE sql AS $$
  INSERT INTO money.account SELECT in_bank, g, session_user, 1000000000 FROM generate_series(1, n) g;
  INSERT INTO money.bank SELECT in_bank, 0, jsonb_object_agg(g::text, jsonb_build_object('owner', session_user, 'name', '', 'balance', 1000000000)) FROM generate_series(1, n) g;
$$;
