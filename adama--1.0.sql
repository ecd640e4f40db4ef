/* adama--1.0.sql: the types, operators and functions of schema adama. */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION adama" to load this file. \quit

-- Every name below is qualified, and nothing is created conditionally: an object that somebody made before is an error, never adopted.
CREATE SCHEMA adama;
COMMENT ON SCHEMA adama IS 'document reducers: typed messages in, one state, a delta for each viewer out';
REVOKE ALL ON SCHEMA adama FROM PUBLIC;
-- Everybody may use the types and call the functions: what a function does to a space is decided by the privileges on that space.
GRANT USAGE ON SCHEMA adama TO PUBLIC;


-- ---- types ----

CREATE TYPE adama.document;
CREATE FUNCTION adama.document_in(pg_catalog.cstring) RETURNS adama.document
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_document_in';
COMMENT ON FUNCTION adama.document_in(pg_catalog.cstring) IS 'input of type document';
CREATE FUNCTION adama.document_out(adama.document) RETURNS pg_catalog.cstring
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_document_out';
COMMENT ON FUNCTION adama.document_out(adama.document) IS 'output of type document';
CREATE FUNCTION adama.document_recv(pg_catalog.internal) RETURNS adama.document
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_document_recv';
COMMENT ON FUNCTION adama.document_recv(pg_catalog.internal) IS 'binary input of type document';
CREATE FUNCTION adama.document_send(adama.document) RETURNS pg_catalog.bytea
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_document_send';
COMMENT ON FUNCTION adama.document_send(adama.document) IS 'binary output of type document';
CREATE TYPE adama.document (
	INPUT = adama.document_in, OUTPUT = adama.document_out, RECEIVE = adama.document_recv, SEND = adama.document_send,
	INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended
);
COMMENT ON TYPE adama.document IS 'a JSON value with a binary form of its own and an algebra of changes';

CREATE TYPE adama.delta;
CREATE FUNCTION adama.delta_in(pg_catalog.cstring) RETURNS adama.delta
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_delta_in';
COMMENT ON FUNCTION adama.delta_in(pg_catalog.cstring) IS 'input of type delta';
CREATE FUNCTION adama.delta_out(adama.delta) RETURNS pg_catalog.cstring
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_delta_out';
COMMENT ON FUNCTION adama.delta_out(adama.delta) IS 'output of type delta';
CREATE FUNCTION adama.delta_recv(pg_catalog.internal) RETURNS adama.delta
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_delta_recv';
COMMENT ON FUNCTION adama.delta_recv(pg_catalog.internal) IS 'binary input of type delta';
CREATE FUNCTION adama.delta_send(adama.delta) RETURNS pg_catalog.bytea
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_delta_send';
COMMENT ON FUNCTION adama.delta_send(adama.delta) IS 'binary output of type delta';
CREATE TYPE adama.delta (
	INPUT = adama.delta_in, OUTPUT = adama.delta_out, RECEIVE = adama.delta_recv, SEND = adama.delta_send,
	INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended
);
COMMENT ON TYPE adama.delta IS 'a change of a document: a merge patch that also says the order of lists';

CREATE TYPE adama.principal;
CREATE FUNCTION adama.principal_in(pg_catalog.cstring) RETURNS adama.principal
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_principal_in';
COMMENT ON FUNCTION adama.principal_in(pg_catalog.cstring) IS 'input of type principal';
CREATE FUNCTION adama.principal_out(adama.principal) RETURNS pg_catalog.cstring
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_principal_out';
COMMENT ON FUNCTION adama.principal_out(adama.principal) IS 'output of type principal';
CREATE FUNCTION adama.principal_recv(pg_catalog.internal) RETURNS adama.principal
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_principal_recv';
COMMENT ON FUNCTION adama.principal_recv(pg_catalog.internal) IS 'binary input of type principal';
CREATE FUNCTION adama.principal_send(adama.principal) RETURNS pg_catalog.bytea
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_principal_send';
COMMENT ON FUNCTION adama.principal_send(adama.principal) IS 'binary output of type principal';
CREATE TYPE adama.principal (
	INPUT = adama.principal_in, OUTPUT = adama.principal_out, RECEIVE = adama.principal_recv, SEND = adama.principal_send,
	INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended
);
COMMENT ON TYPE adama.principal IS 'who acts or looks: agent@authority';

-- ---- documents and deltas: conversions ----

CREATE FUNCTION adama.document_of_jsonb(pg_catalog.jsonb) RETURNS adama.document
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_document_of_jsonb';
COMMENT ON FUNCTION adama.document_of_jsonb(pg_catalog.jsonb) IS 'jsonb as a document';
CREATE FUNCTION adama.document_to_jsonb(adama.document) RETURNS pg_catalog.jsonb
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_document_to_jsonb';
COMMENT ON FUNCTION adama.document_to_jsonb(adama.document) IS 'a document as jsonb';
CREATE FUNCTION adama.delta_of_jsonb(pg_catalog.jsonb) RETURNS adama.delta
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_delta_of_jsonb';
COMMENT ON FUNCTION adama.delta_of_jsonb(pg_catalog.jsonb) IS 'jsonb as a delta';
CREATE FUNCTION adama.delta_to_jsonb(adama.delta) RETURNS pg_catalog.jsonb
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_delta_to_jsonb';
COMMENT ON FUNCTION adama.delta_to_jsonb(adama.delta) IS 'a delta as jsonb';
CREATE CAST (pg_catalog.jsonb AS adama.document) WITH FUNCTION adama.document_of_jsonb(pg_catalog.jsonb) AS ASSIGNMENT;
COMMENT ON CAST (pg_catalog.jsonb AS adama.document) IS 'jsonb as a document';
CREATE CAST (adama.document AS pg_catalog.jsonb) WITH FUNCTION adama.document_to_jsonb(adama.document) AS ASSIGNMENT;
COMMENT ON CAST (adama.document AS pg_catalog.jsonb) IS 'a document as jsonb';
CREATE CAST (pg_catalog.jsonb AS adama.delta) WITH FUNCTION adama.delta_of_jsonb(pg_catalog.jsonb) AS ASSIGNMENT;
COMMENT ON CAST (pg_catalog.jsonb AS adama.delta) IS 'jsonb as a delta';
CREATE CAST (adama.delta AS pg_catalog.jsonb) WITH FUNCTION adama.delta_to_jsonb(adama.delta) AS ASSIGNMENT;
COMMENT ON CAST (adama.delta AS pg_catalog.jsonb) IS 'a delta as jsonb';

CREATE FUNCTION adama.plain(document adama.document) RETURNS pg_catalog.jsonb
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_document_plain';
COMMENT ON FUNCTION adama.plain(adama.document) IS 'a document as people read it: its lists are arrays';

-- ---- documents: looking inside ----

CREATE FUNCTION adama.document_member(adama.document, pg_catalog.text) RETURNS adama.document
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_document_member';
COMMENT ON FUNCTION adama.document_member(adama.document, pg_catalog.text) IS 'the member of this name';
CREATE OPERATOR adama.-> (FUNCTION = adama.document_member, LEFTARG = adama.document, RIGHTARG = pg_catalog.text);
COMMENT ON OPERATOR adama.-> (adama.document, pg_catalog.text) IS 'the member of this name';
CREATE FUNCTION adama.document_member_text(adama.document, pg_catalog.text) RETURNS pg_catalog.text
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_document_member_text';
COMMENT ON FUNCTION adama.document_member_text(adama.document, pg_catalog.text) IS 'the member of this name, as text';
CREATE OPERATOR adama.->> (FUNCTION = adama.document_member_text, LEFTARG = adama.document, RIGHTARG = pg_catalog.text);
COMMENT ON OPERATOR adama.->> (adama.document, pg_catalog.text) IS 'the member of this name, as text';
CREATE FUNCTION adama.document_element(adama.document, pg_catalog.int4) RETURNS adama.document
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_document_element';
COMMENT ON FUNCTION adama.document_element(adama.document, pg_catalog.int4) IS 'the element at this index, from 0; negative ones count from the end';
CREATE OPERATOR adama.-> (FUNCTION = adama.document_element, LEFTARG = adama.document, RIGHTARG = pg_catalog.int4);
COMMENT ON OPERATOR adama.-> (adama.document, pg_catalog.int4) IS 'the element at this index, from 0; negative ones count from the end';
CREATE FUNCTION adama.document_element_text(adama.document, pg_catalog.int4) RETURNS pg_catalog.text
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_document_element_text';
COMMENT ON FUNCTION adama.document_element_text(adama.document, pg_catalog.int4) IS 'the element at this index, from 0; negative ones count from the end, as text';
CREATE OPERATOR adama.->> (FUNCTION = adama.document_element_text, LEFTARG = adama.document, RIGHTARG = pg_catalog.int4);
COMMENT ON OPERATOR adama.->> (adama.document, pg_catalog.int4) IS 'the element at this index, from 0; negative ones count from the end, as text';
CREATE FUNCTION adama.document_path(adama.document, pg_catalog.text[]) RETURNS adama.document
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_document_path';
COMMENT ON FUNCTION adama.document_path(adama.document, pg_catalog.text[]) IS 'what lies at the end of this path';
CREATE OPERATOR adama.#> (FUNCTION = adama.document_path, LEFTARG = adama.document, RIGHTARG = pg_catalog.text[]);
COMMENT ON OPERATOR adama.#> (adama.document, pg_catalog.text[]) IS 'what lies at the end of this path';
CREATE FUNCTION adama.document_path_text(adama.document, pg_catalog.text[]) RETURNS pg_catalog.text
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_document_path_text';
COMMENT ON FUNCTION adama.document_path_text(adama.document, pg_catalog.text[]) IS 'what lies at the end of this path, as text';
CREATE OPERATOR adama.#>> (FUNCTION = adama.document_path_text, LEFTARG = adama.document, RIGHTARG = pg_catalog.text[]);
COMMENT ON OPERATOR adama.#>> (adama.document, pg_catalog.text[]) IS 'what lies at the end of this path, as text';

-- ---- documents: equality, whatever the order of members ----

CREATE FUNCTION adama.document_eq(adama.document, adama.document) RETURNS pg_catalog.bool
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_document_eq';
COMMENT ON FUNCTION adama.document_eq(adama.document, adama.document) IS 'whether two documents are equal';
CREATE FUNCTION adama.document_ne(adama.document, adama.document) RETURNS pg_catalog.bool
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_document_ne';
COMMENT ON FUNCTION adama.document_ne(adama.document, adama.document) IS 'whether two documents differ';
CREATE FUNCTION adama.document_hash(adama.document) RETURNS pg_catalog.int4
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_document_hash';
COMMENT ON FUNCTION adama.document_hash(adama.document) IS 'hash of the content of a document';
CREATE FUNCTION adama.document_hash_extended(adama.document, pg_catalog.int8) RETURNS pg_catalog.int8
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_document_hash_extended';
COMMENT ON FUNCTION adama.document_hash_extended(adama.document, pg_catalog.int8) IS 'hash of the content of a document, with a seed';
CREATE OPERATOR adama.= (FUNCTION = adama.document_eq, LEFTARG = adama.document, RIGHTARG = adama.document,
	COMMUTATOR = OPERATOR(adama.=), NEGATOR = OPERATOR(adama.<>), RESTRICT = pg_catalog.eqsel, JOIN = pg_catalog.eqjoinsel, HASHES);
COMMENT ON OPERATOR adama.= (adama.document, adama.document) IS 'whether two documents are equal';
CREATE OPERATOR adama.<> (FUNCTION = adama.document_ne, LEFTARG = adama.document, RIGHTARG = adama.document,
	COMMUTATOR = OPERATOR(adama.<>), NEGATOR = OPERATOR(adama.=), RESTRICT = pg_catalog.neqsel, JOIN = pg_catalog.neqjoinsel);
COMMENT ON OPERATOR adama.<> (adama.document, adama.document) IS 'whether two documents differ';
CREATE OPERATOR FAMILY adama.document_hash_ops USING hash;
COMMENT ON OPERATOR FAMILY adama.document_hash_ops USING hash IS 'hashing of documents';
CREATE OPERATOR CLASS adama.document_hash_ops DEFAULT FOR TYPE adama.document USING hash FAMILY adama.document_hash_ops AS
	OPERATOR 1 adama.= (adama.document, adama.document),
	FUNCTION 1 adama.document_hash(adama.document),
	FUNCTION 2 adama.document_hash_extended(adama.document, pg_catalog.int8);
COMMENT ON OPERATOR CLASS adama.document_hash_ops USING hash IS 'hashing of documents';

-- ---- the algebra: a + (b - a) = b, and + is associative ----

CREATE FUNCTION adama.document_minus(adama.document, adama.document) RETURNS adama.delta
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_document_minus';
COMMENT ON FUNCTION adama.document_minus(adama.document, adama.document) IS 'the change that leads from the second document to the first';
CREATE OPERATOR adama.- (FUNCTION = adama.document_minus, LEFTARG = adama.document, RIGHTARG = adama.document);
COMMENT ON OPERATOR adama.- (adama.document, adama.document) IS 'the change that leads from the second document to the first';
CREATE FUNCTION adama.document_plus(adama.document, adama.delta) RETURNS adama.document
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_document_plus';
COMMENT ON FUNCTION adama.document_plus(adama.document, adama.delta) IS 'the document after the change';
CREATE OPERATOR adama.+ (FUNCTION = adama.document_plus, LEFTARG = adama.document, RIGHTARG = adama.delta);
COMMENT ON OPERATOR adama.+ (adama.document, adama.delta) IS 'the document after the change';
CREATE FUNCTION adama.delta_plus(adama.delta, adama.delta) RETURNS adama.delta
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_delta_plus';
COMMENT ON FUNCTION adama.delta_plus(adama.delta, adama.delta) IS 'both changes as one, the left one first';
CREATE OPERATOR adama.+ (FUNCTION = adama.delta_plus, LEFTARG = adama.delta, RIGHTARG = adama.delta);
COMMENT ON OPERATOR adama.+ (adama.delta, adama.delta) IS 'both changes as one, the left one first';
CREATE FUNCTION adama.fold(document adama.document, deltas adama.delta[]) RETURNS adama.document
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_document_fold';
COMMENT ON FUNCTION adama.fold(adama.document, adama.delta[]) IS 'the document after all these changes, in order';
CREATE AGGREGATE adama.compose(adama.delta) (SFUNC = adama.delta_plus, STYPE = adama.delta, PARALLEL = SAFE);
COMMENT ON AGGREGATE adama.compose(adama.delta) IS 'all changes as one; their order is that of ORDER BY in the call';

-- ---- principals ----

CREATE FUNCTION adama.principal(agent pg_catalog.text, authority pg_catalog.text) RETURNS adama.principal
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_principal_make';
COMMENT ON FUNCTION adama.principal(pg_catalog.text, pg_catalog.text) IS 'the principal of this agent and authority';
CREATE FUNCTION adama.agent(principal adama.principal) RETURNS pg_catalog.text
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_principal_agent';
COMMENT ON FUNCTION adama.agent(adama.principal) IS 'who it is';
CREATE FUNCTION adama.authority(principal adama.principal) RETURNS pg_catalog.text
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_principal_authority';
COMMENT ON FUNCTION adama.authority(adama.principal) IS 'who vouches for that';
CREATE FUNCTION adama.principal_eq(adama.principal, adama.principal) RETURNS pg_catalog.bool
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_principal_eq';
COMMENT ON FUNCTION adama.principal_eq(adama.principal, adama.principal) IS 'whether two principals are the same';
CREATE FUNCTION adama.principal_ne(adama.principal, adama.principal) RETURNS pg_catalog.bool
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_principal_ne';
COMMENT ON FUNCTION adama.principal_ne(adama.principal, adama.principal) IS 'whether two principals differ';
CREATE FUNCTION adama.principal_lt(adama.principal, adama.principal) RETURNS pg_catalog.bool
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_principal_lt';
COMMENT ON FUNCTION adama.principal_lt(adama.principal, adama.principal) IS 'less: by authority, then agent';
CREATE FUNCTION adama.principal_le(adama.principal, adama.principal) RETURNS pg_catalog.bool
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_principal_le';
COMMENT ON FUNCTION adama.principal_le(adama.principal, adama.principal) IS 'less or equal';
CREATE FUNCTION adama.principal_gt(adama.principal, adama.principal) RETURNS pg_catalog.bool
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_principal_gt';
COMMENT ON FUNCTION adama.principal_gt(adama.principal, adama.principal) IS 'greater';
CREATE FUNCTION adama.principal_ge(adama.principal, adama.principal) RETURNS pg_catalog.bool
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_principal_ge';
COMMENT ON FUNCTION adama.principal_ge(adama.principal, adama.principal) IS 'greater or equal';
CREATE FUNCTION adama.principal_cmp(adama.principal, adama.principal) RETURNS pg_catalog.int4
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_principal_cmp';
COMMENT ON FUNCTION adama.principal_cmp(adama.principal, adama.principal) IS '-1, 0 or 1';
CREATE FUNCTION adama.principal_hash(adama.principal) RETURNS pg_catalog.int4
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_principal_hash';
COMMENT ON FUNCTION adama.principal_hash(adama.principal) IS 'hash of a principal';
CREATE FUNCTION adama.principal_hash_extended(adama.principal, pg_catalog.int8) RETURNS pg_catalog.int8
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adama_sql_principal_hash_extended';
COMMENT ON FUNCTION adama.principal_hash_extended(adama.principal, pg_catalog.int8) IS 'hash of a principal, with a seed';
CREATE OPERATOR adama.= (FUNCTION = adama.principal_eq, LEFTARG = adama.principal, RIGHTARG = adama.principal,
	COMMUTATOR = OPERATOR(adama.=), NEGATOR = OPERATOR(adama.<>), RESTRICT = pg_catalog.eqsel, JOIN = pg_catalog.eqjoinsel, HASHES, MERGES);
COMMENT ON OPERATOR adama.= (adama.principal, adama.principal) IS 'whether two principals are the same';
CREATE OPERATOR adama.<> (FUNCTION = adama.principal_ne, LEFTARG = adama.principal, RIGHTARG = adama.principal,
	COMMUTATOR = OPERATOR(adama.<>), NEGATOR = OPERATOR(adama.=), RESTRICT = pg_catalog.neqsel, JOIN = pg_catalog.neqjoinsel);
COMMENT ON OPERATOR adama.<> (adama.principal, adama.principal) IS 'whether two principals differ';
CREATE OPERATOR adama.< (FUNCTION = adama.principal_lt, LEFTARG = adama.principal, RIGHTARG = adama.principal,
	COMMUTATOR = OPERATOR(adama.>), NEGATOR = OPERATOR(adama.>=), RESTRICT = pg_catalog.scalarltsel, JOIN = pg_catalog.scalarltjoinsel);
COMMENT ON OPERATOR adama.< (adama.principal, adama.principal) IS 'less: by authority, then agent';
CREATE OPERATOR adama.<= (FUNCTION = adama.principal_le, LEFTARG = adama.principal, RIGHTARG = adama.principal,
	COMMUTATOR = OPERATOR(adama.>=), NEGATOR = OPERATOR(adama.>), RESTRICT = pg_catalog.scalarlesel, JOIN = pg_catalog.scalarlejoinsel);
COMMENT ON OPERATOR adama.<= (adama.principal, adama.principal) IS 'less or equal';
CREATE OPERATOR adama.> (FUNCTION = adama.principal_gt, LEFTARG = adama.principal, RIGHTARG = adama.principal,
	COMMUTATOR = OPERATOR(adama.<), NEGATOR = OPERATOR(adama.<=), RESTRICT = pg_catalog.scalargtsel, JOIN = pg_catalog.scalargtjoinsel);
COMMENT ON OPERATOR adama.> (adama.principal, adama.principal) IS 'greater';
CREATE OPERATOR adama.>= (FUNCTION = adama.principal_ge, LEFTARG = adama.principal, RIGHTARG = adama.principal,
	COMMUTATOR = OPERATOR(adama.<=), NEGATOR = OPERATOR(adama.<), RESTRICT = pg_catalog.scalargesel, JOIN = pg_catalog.scalargejoinsel);
COMMENT ON OPERATOR adama.>= (adama.principal, adama.principal) IS 'greater or equal';
CREATE OPERATOR FAMILY adama.principal_ops USING btree;
COMMENT ON OPERATOR FAMILY adama.principal_ops USING btree IS 'order of principals';
CREATE OPERATOR CLASS adama.principal_ops DEFAULT FOR TYPE adama.principal USING btree FAMILY adama.principal_ops AS
	OPERATOR 1 adama.< (adama.principal, adama.principal),
	OPERATOR 2 adama.<= (adama.principal, adama.principal),
	OPERATOR 3 adama.= (adama.principal, adama.principal),
	OPERATOR 4 adama.>= (adama.principal, adama.principal),
	OPERATOR 5 adama.> (adama.principal, adama.principal),
	FUNCTION 1 adama.principal_cmp(adama.principal, adama.principal);
COMMENT ON OPERATOR CLASS adama.principal_ops USING btree IS 'order of principals';
CREATE OPERATOR FAMILY adama.principal_hash_ops USING hash;
COMMENT ON OPERATOR FAMILY adama.principal_hash_ops USING hash IS 'hashing of principals';
CREATE OPERATOR CLASS adama.principal_hash_ops DEFAULT FOR TYPE adama.principal USING hash FAMILY adama.principal_hash_ops AS
	OPERATOR 1 adama.= (adama.principal, adama.principal),
	FUNCTION 1 adama.principal_hash(adama.principal),
	FUNCTION 2 adama.principal_hash_extended(adama.principal, pg_catalog.int8);
COMMENT ON OPERATOR CLASS adama.principal_hash_ops USING hash IS 'hashing of principals';

-- ---- spaces and their programs ----

CREATE FUNCTION adama."check"(program pg_catalog.text, sources pg_catalog.jsonb DEFAULT '{}') RETURNS TABLE (
		line pg_catalog.int4, col pg_catalog.int4, code pg_catalog.text, severity pg_catalog.text, message pg_catalog.text, hint pg_catalog.text,
		source pg_catalog.text)
	LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 10 AS 'MODULE_PATHNAME', 'adama_sql_check';
COMMENT ON FUNCTION adama."check"(pg_catalog.text, pg_catalog.jsonb) IS 'what is wrong with a program, and what may be';
CREATE FUNCTION adama.deploy(space pg_catalog.text, program pg_catalog.text, sources pg_catalog.jsonb DEFAULT '{}') RETURNS pg_catalog.int4
	LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_deploy';
COMMENT ON FUNCTION adama.deploy(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb) IS 'make a space of this program, or bring it to this program; yields the version';
CREATE FUNCTION adama.rollback(space pg_catalog.text, version pg_catalog.int4) RETURNS pg_catalog.int4
	LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_rollback';
COMMENT ON FUNCTION adama.rollback(pg_catalog.text, pg_catalog.int4) IS 'deploy an earlier version of a space''s program again, as a new version; yields that; for the owner of the space';
CREATE FUNCTION adama.explain(space pg_catalog.text) RETURNS TABLE (
		part pg_catalog.text, kind pg_catalog.text, shared pg_catalog.bool, private_because pg_catalog.text, upkeep pg_catalog.text, how pg_catalog.text,
		reads pg_catalog.text, line pg_catalog.int4)
	LANGUAGE c STABLE STRICT PARALLEL UNSAFE ROWS 20 AS 'MODULE_PATHNAME', 'adama_sql_explain';
COMMENT ON FUNCTION adama.explain(pg_catalog.text) IS 'what viewers share of a space''s documents, and how each part of a view is kept up to date; for the owner of the space';

-- ---- documents: making, changing ----

CREATE FUNCTION adama."create"(space pg_catalog.text, key pg_catalog.text, arg pg_catalog.jsonb DEFAULT '{}') RETURNS pg_catalog.int8
	LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_create';
COMMENT ON FUNCTION adama."create"(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb) IS 'make a document; yields its sequence number';
CREATE FUNCTION adama."delete"(space pg_catalog.text, key pg_catalog.text) RETURNS pg_catalog.void
	LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_delete';
COMMENT ON FUNCTION adama."delete"(pg_catalog.text, pg_catalog.text) IS 'remove a document and its log';
CREATE FUNCTION adama.send(space pg_catalog.text, key pg_catalog.text, channel pg_catalog.text, message pg_catalog.jsonb, dedupe pg_catalog.text DEFAULT NULL) RETURNS pg_catalog.int8
	LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_send';
COMMENT ON FUNCTION adama.send(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.jsonb, pg_catalog.text) IS 'send a message to a document; yields its sequence number after it';
CREATE FUNCTION adama.attach(space pg_catalog.text, key pg_catalog.text, asset pg_catalog.jsonb) RETURNS pg_catalog.int8
	LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_attach';
COMMENT ON FUNCTION adama.attach(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb) IS 'attach an asset to a document: @attached of its program runs; yields the sequence number after it';
CREATE FUNCTION adama.can_attach(space pg_catalog.text, key pg_catalog.text) RETURNS pg_catalog.bool
	LANGUAGE c STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_can_attach';
COMMENT ON FUNCTION adama.can_attach(pg_catalog.text, pg_catalog.text) IS 'whether you may attach something to a document';
CREATE FUNCTION adama.ingest(space pg_catalog.text, keys pg_catalog.text[], channels pg_catalog.text[], messages pg_catalog.json[], dedupes pg_catalog.text[] DEFAULT NULL,
		agents pg_catalog.text[] DEFAULT NULL, authorities pg_catalog.text[] DEFAULT NULL, ips pg_catalog.text[] DEFAULT NULL,
		origins pg_catalog.text[] DEFAULT NULL) RETURNS TABLE (
		ord pg_catalog.int4, seq pg_catalog.int8, sqlstate pg_catalog.text, error pg_catalog.text)
	LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1000 AS 'MODULE_PATHNAME', 'adama_sql_ingest';
COMMENT ON FUNCTION adama.ingest(pg_catalog.text, pg_catalog.text[], pg_catalog.text[], pg_catalog.json[], pg_catalog.text[], pg_catalog.text[], pg_catalog.text[], pg_catalog.text[], pg_catalog.text[])
	IS 'send many messages to many documents; each succeeds or fails alone';

-- ---- documents: watching, looking ----

CREATE FUNCTION adama.connect(space pg_catalog.text, key pg_catalog.text, viewer pg_catalog.jsonb DEFAULT '{}', send_window pg_catalog.int4 DEFAULT NULL) RETURNS pg_catalog.text
	LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_connect';
COMMENT ON FUNCTION adama.connect(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb, pg_catalog.int4) IS 'join a document: this session is notified of what it may see and how that changes; yields the connection';
CREATE FUNCTION adama.update(connection pg_catalog.text, viewer pg_catalog.jsonb) RETURNS pg_catalog.void
	LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_update';
COMMENT ON FUNCTION adama.update(pg_catalog.text, pg_catalog.jsonb) IS 'look with another viewer state: the connection is told what that changes';
CREATE FUNCTION adama.ack(connection pg_catalog.text, seq pg_catalog.int8) RETURNS pg_catalog.void
	LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_ack';
COMMENT ON FUNCTION adama.ack(pg_catalog.text, pg_catalog.int8) IS 'acknowledge all that a connection was sent up to a sequence number; at once, whatever becomes of the transaction';
CREATE FUNCTION adama.disconnect(connection pg_catalog.text) RETURNS pg_catalog.void
	LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_disconnect';
COMMENT ON FUNCTION adama.disconnect(pg_catalog.text) IS 'end a connection';
CREATE FUNCTION adama.view(space pg_catalog.text, key pg_catalog.text, viewer pg_catalog.jsonb DEFAULT '{}') RETURNS pg_catalog.jsonb
	LANGUAGE c STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_view';
COMMENT ON FUNCTION adama.view(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb) IS 'what you may see of a document';
CREATE FUNCTION adama.whoami() RETURNS adama.principal
	LANGUAGE c STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'adama_sql_whoami';
COMMENT ON FUNCTION adama.whoami() IS 'the principal that you act as';
CREATE FUNCTION adama.history(space pg_catalog.text, key pg_catalog.text, from_seq pg_catalog.int8 DEFAULT 0, max pg_catalog.int4 DEFAULT 1000,
		who adama.principal DEFAULT NULL, viewer pg_catalog.jsonb DEFAULT '{}') RETURNS TABLE (
		seq pg_catalog.int8, at pg_catalog.timestamptz, agent pg_catalog.text, authority pg_catalog.text, event pg_catalog.text,
		channel pg_catalog.text, message pg_catalog.jsonb, delta pg_catalog.jsonb, size pg_catalog.int4, seen pg_catalog.jsonb,
		effects pg_catalog.jsonb)
	LANGUAGE c STABLE PARALLEL UNSAFE ROWS 1000 AS 'MODULE_PATHNAME', 'adama_sql_history';
COMMENT ON FUNCTION adama.history(pg_catalog.text, pg_catalog.text, pg_catalog.int8, pg_catalog.int4, adama.principal, pg_catalog.jsonb)
	IS 'the events of a document from a sequence number on, what they did beside it, and what somebody saw of each; for the owner of the space';

CREATE FUNCTION adama.at(space pg_catalog.text, key pg_catalog.text, seq pg_catalog.int8) RETURNS adama.document
	LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME', 'adama_sql_at_seq';
COMMENT ON FUNCTION adama.at(pg_catalog.text, pg_catalog.text, pg_catalog.int8) IS 'the document after the event of this sequence number; for the owner of the space';
CREATE FUNCTION adama.at(space pg_catalog.text, key pg_catalog.text, "time" pg_catalog.timestamptz) RETURNS adama.document
	LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME', 'adama_sql_at_time';
COMMENT ON FUNCTION adama.at(pg_catalog.text, pg_catalog.text, pg_catalog.timestamptz) IS 'the document as it was at that time; for the owner of the space';
CREATE FUNCTION adama.view_at(space pg_catalog.text, key pg_catalog.text, seq pg_catalog.int8, who adama.principal, viewer pg_catalog.jsonb DEFAULT '{}') RETURNS pg_catalog.jsonb
	LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME', 'adama_sql_view_at';
COMMENT ON FUNCTION adama.view_at(pg_catalog.text, pg_catalog.text, pg_catalog.int8, adama.principal, pg_catalog.jsonb)
	IS 'what somebody could see of the document after the event of this sequence number; for the owner of the space';
CREATE FUNCTION adama.replay(space pg_catalog.text, key pg_catalog.text) RETURNS adama.document
	LANGUAGE c STABLE STRICT PARALLEL SAFE COST 10000 AS 'MODULE_PATHNAME', 'adama_sql_replay';
COMMENT ON FUNCTION adama.replay(pg_catalog.text, pg_catalog.text) IS 'the document that running all events of its log again gives; an error where that disagrees with the log; for the owner of the space';
CREATE FUNCTION adama.verify(space pg_catalog.text, key pg_catalog.text, OUT ok pg_catalog.bool, OUT seq pg_catalog.int8, OUT problem pg_catalog.text,
		OUT expected pg_catalog.jsonb, OUT found pg_catalog.jsonb) RETURNS pg_catalog.record
	LANGUAGE c STABLE STRICT PARALLEL SAFE COST 10000 AS 'MODULE_PATHNAME', 'adama_sql_verify';
COMMENT ON FUNCTION adama.verify(pg_catalog.text, pg_catalog.text) IS 'whether running all events of the log again gives what the log and the document say, or the first place where it does not; for the owner of the space';
CREATE FUNCTION adama.try(space pg_catalog.text, key pg_catalog.text, program pg_catalog.text, sources pg_catalog.jsonb DEFAULT '{}') RETURNS TABLE (
		seq pg_catalog.int8, channel pg_catalog.text, sqlstate pg_catalog.text, error pg_catalog.text, delta pg_catalog.jsonb, logged pg_catalog.jsonb,
		effects pg_catalog.jsonb, effects_logged pg_catalog.jsonb)
	LANGUAGE c STABLE STRICT PARALLEL SAFE COST 10000 ROWS 100 AS 'MODULE_PATHNAME', 'adama_sql_try';
COMMENT ON FUNCTION adama.try(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.jsonb) IS 'the events of a document that fail under another program, change something else than they did, or do something else beside; for the owner of the space';
CREATE FUNCTION adama.try(space pg_catalog.text, program pg_catalog.text, sources pg_catalog.jsonb DEFAULT '{}', documents pg_catalog.int4 DEFAULT 100,
		who adama.principal DEFAULT NULL, viewer pg_catalog.jsonb DEFAULT '{}') RETURNS TABLE (
		key pg_catalog.text, seq pg_catalog.int8, channel pg_catalog.text, sqlstate pg_catalog.text, error pg_catalog.text, delta pg_catalog.jsonb, logged pg_catalog.jsonb,
		effects pg_catalog.jsonb, effects_logged pg_catalog.jsonb, view pg_catalog.jsonb, view_logged pg_catalog.jsonb, events pg_catalog.int8, us pg_catalog.float8, us_logged pg_catalog.float8)
	LANGUAGE c STABLE PARALLEL RESTRICTED ROWS 1000 AS 'MODULE_PATHNAME', 'adama_sql_try_many';
COMMENT ON FUNCTION adama.try(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb, pg_catalog.int4, adama.principal, pg_catalog.jsonb)
	IS 'the same for the documents of a space that something happened to last, and for each a row with what somebody would see and how long its events take; for the owner of the space';
CREATE FUNCTION adama.rewind(space pg_catalog.text, key pg_catalog.text, seq pg_catalog.int8) RETURNS pg_catalog.int8
	LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_rewind';
COMMENT ON FUNCTION adama.rewind(pg_catalog.text, pg_catalog.text, pg_catalog.int8)
	IS 'bring a document back to its state after the event of this sequence number, by a new event; yields its sequence number; for the owner of the space';
CREATE FUNCTION adama.upgrade(space pg_catalog.text, max pg_catalog.int4 DEFAULT 1000) RETURNS pg_catalog.int4
	LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_upgrade';
COMMENT ON FUNCTION adama.upgrade(pg_catalog.text, pg_catalog.int4)
	IS 'move documents that nobody has touched since to the newest version of the program, at most so many; yields how many; for the owner of the space';
CREATE FUNCTION adama.upgrade_background(space pg_catalog.text) RETURNS pg_catalog.void
	LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_upgrade_background';
COMMENT ON FUNCTION adama.upgrade_background(pg_catalog.text)
	IS 'let a worker move all documents to the newest version of the program, a few at a time, beginning when this transaction commits; adama.tasks shows how far it is; for the owner of the space';
CREATE FUNCTION adama.list_tasks() RETURNS TABLE (
		space pg_catalog.text, task pg_catalog.text, version pg_catalog.int4, total pg_catalog.int8, done pg_catalog.int8, failed pg_catalog.int8, waiting pg_catalog.int8,
		last_error pg_catalog.text, started pg_catalog.timestamptz, finished pg_catalog.timestamptz)
	LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 10 AS 'MODULE_PATHNAME', 'adama_sql_list_tasks';
COMMENT ON FUNCTION adama.list_tasks() IS 'what the view adama.tasks shows';
CREATE FUNCTION adama.list_task_documents() RETURNS TABLE (
		space pg_catalog.text, task pg_catalog.text, key pg_catalog.text, sqlstate pg_catalog.text, error pg_catalog.text, attempts pg_catalog.int4,
		at pg_catalog.timestamptz, retry_at pg_catalog.timestamptz)
	LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 100 AS 'MODULE_PATHNAME', 'adama_sql_list_task_documents';
COMMENT ON FUNCTION adama.list_task_documents() IS 'what the view adama.task_documents shows';
CREATE VIEW adama.tasks AS SELECT * FROM adama.list_tasks();
COMMENT ON VIEW adama.tasks IS 'what is done in the background for whole spaces, and how far it is; those of one''s own spaces, and to members of pg_monitor all';
COMMENT ON COLUMN adama.tasks.space IS 'the space';
COMMENT ON COLUMN adama.tasks.task IS 'upgrade: documents are moved to the newest version of the program; trim: what the last round took out of logs';
COMMENT ON COLUMN adama.tasks.version IS 'version that documents are moved to; null: it has not begun';
COMMENT ON COLUMN adama.tasks.total IS 'documents that it was about when it began';
COMMENT ON COLUMN adama.tasks.done IS 'documents that it has dealt with';
COMMENT ON COLUMN adama.tasks.failed IS 'documents that it had to leave; adama.task_documents names them';
COMMENT ON COLUMN adama.tasks.waiting IS 'documents that it tries again, being held by transactions that have not ended';
COMMENT ON COLUMN adama.tasks.last_error IS 'why it had to leave the last one';
COMMENT ON COLUMN adama.tasks.started IS 'when it was asked for, or the round began';
COMMENT ON COLUMN adama.tasks.finished IS 'when it was done; null: it goes on';
CREATE VIEW adama.task_documents AS SELECT * FROM adama.list_task_documents();
COMMENT ON VIEW adama.task_documents IS 'documents that could not be dealt with in the background, or not yet';
COMMENT ON COLUMN adama.task_documents.space IS 'the space';
COMMENT ON COLUMN adama.task_documents.task IS 'the task';
COMMENT ON COLUMN adama.task_documents.key IS 'the document';
COMMENT ON COLUMN adama.task_documents.sqlstate IS 'of the error';
COMMENT ON COLUMN adama.task_documents.error IS 'why';
COMMENT ON COLUMN adama.task_documents.attempts IS 'how many times it was tried';
COMMENT ON COLUMN adama.task_documents.at IS 'when it was tried last';
COMMENT ON COLUMN adama.task_documents.retry_at IS 'when it is tried again; null: it is not';
GRANT SELECT ON TABLE adama.tasks, adama.task_documents TO PUBLIC;

CREATE FUNCTION adama.retain(space pg_catalog.text, age pg_catalog."interval" DEFAULT NULL, size pg_catalog.int8 DEFAULT NULL) RETURNS void
	LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_retain';
COMMENT ON FUNCTION adama.retain(pg_catalog.text, pg_catalog."interval", pg_catalog.int8)
	IS 'how much of their past the logs of a space keep: what is younger, and the last deltas of so many bytes; nulls: all of it; for the owner of the space';
CREATE FUNCTION adama.trim(space pg_catalog.text, max pg_catalog.int4 DEFAULT 1000) RETURNS pg_catalog.int4
	LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_trim';
COMMENT ON FUNCTION adama.trim(pg_catalog.text, pg_catalog.int4)
	IS 'take out what the logs of documents need not keep, also of those that nobody touches, of at most so many; yields of how many; for the owner of the space';
CREATE FUNCTION adama.export(space pg_catalog.text, key pg_catalog.text) RETURNS pg_catalog.jsonb
	LANGUAGE c STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_export';
COMMENT ON FUNCTION adama.export(pg_catalog.text, pg_catalog.text) IS 'a document as one value: its state, its log and the programs that it ran; for the owner of the space';
CREATE FUNCTION adama.import(space pg_catalog.text, key pg_catalog.text, exported pg_catalog.jsonb) RETURNS pg_catalog.int8
	LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_import';
COMMENT ON FUNCTION adama.import(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb) IS 'make a document of what adama.export gave, log and all; yields its sequence number; for the owner of the space';

-- ---- replicas: where what documents publish is brought ----

CREATE FUNCTION adama.replicate(space pg_catalog.text, name pg_catalog.text, target pg_catalog.regclass, columns pg_catalog.jsonb DEFAULT NULL,
		mode pg_catalog.text DEFAULT 'async') RETURNS pg_catalog.int4
	LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_replicate';
COMMENT ON FUNCTION adama.replicate(pg_catalog.text, pg_catalog.text, pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.text)
	IS 'keep a table in step with what documents publish under a name; yields the number of the registration; for the owner of the space';
CREATE FUNCTION adama.replicate_queue(space pg_catalog.text, name pg_catalog.text) RETURNS pg_catalog.int4
	LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_replicate_queue';
COMMENT ON FUNCTION adama.replicate_queue(pg_catalog.text, pg_catalog.text)
	IS 'hand what documents publish under a name to whoever calls adama.dequeue; yields the number of the registration; for the owner of the space';
CREATE FUNCTION adama.unreplicate(space pg_catalog.text, name pg_catalog.text, target pg_catalog.regclass DEFAULT NULL) RETURNS pg_catalog.void
	LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_unreplicate';
COMMENT ON FUNCTION adama.unreplicate(pg_catalog.text, pg_catalog.text, pg_catalog.regclass)
	IS 'keep a table in step no more, or (null) do without the queue; what is in the table stays; for the owner of the space';
CREATE FUNCTION adama.replication_retry(space pg_catalog.text, name pg_catalog.text, target pg_catalog.regclass DEFAULT NULL) RETURNS pg_catalog.void
	LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_replication_retry';
COMMENT ON FUNCTION adama.replication_retry(pg_catalog.text, pg_catalog.text, pg_catalog.regclass)
	IS 'try now what waits for another try, of one target or (null) of all of the name; for the owner of the space';
CREATE FUNCTION adama.dequeue(space pg_catalog.text, name pg_catalog.text, max pg_catalog.int4 DEFAULT 100) RETURNS TABLE (
		key pg_catalog.text, "row" pg_catalog.int4, operation pg_catalog.text, value pg_catalog.jsonb, hash pg_catalog.int8, seq pg_catalog.int8,
		since pg_catalog.timestamptz, attempts pg_catalog.int4)
	LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE ROWS 100 AS 'MODULE_PATHNAME', 'adama_sql_dequeue';
COMMENT ON FUNCTION adama.dequeue(pg_catalog.text, pg_catalog.text, pg_catalog.int4)
	IS 'take what is in a queue, the oldest first: COMMIT acknowledges it, ROLLBACK gives it back; for who may SELECT and DELETE in the space''s outbox';
CREATE FUNCTION adama.list_replications() RETURNS TABLE (
		space pg_catalog.text, name pg_catalog.text, target pg_catalog.regclass, mode pg_catalog.text, state pg_catalog.text, pending pg_catalog.int8,
		parked pg_catalog.int8, lag pg_catalog."interval", delivered pg_catalog.int8, fill_done pg_catalog.int8, fill_total pg_catalog.int8,
		failures pg_catalog.int4, retry_at pg_catalog.timestamptz, last_error pg_catalog.text, last_error_at pg_catalog.timestamptz)
	LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 10 AS 'MODULE_PATHNAME', 'adama_sql_list_replications';
COMMENT ON FUNCTION adama.list_replications() IS 'what the view adama.replication_status shows';
CREATE VIEW adama.replication_status AS SELECT * FROM adama.list_replications();
COMMENT ON VIEW adama.replication_status IS 'where replicas of your spaces are brought, and how far that is';
COMMENT ON COLUMN adama.replication_status.space IS 'the space';
COMMENT ON COLUMN adama.replication_status.name IS 'name of the replication in the program';
COMMENT ON COLUMN adama.replication_status.target IS 'the table that is kept in step; null: a queue';
COMMENT ON COLUMN adama.replication_status.mode IS 'sync, async or queue';
COMMENT ON COLUMN adama.replication_status.state IS 'current, behind (changes are on their way), filling (with what was there before), waiting (to try again) or broken (the table does not fit any more)';
COMMENT ON COLUMN adama.replication_status.pending IS 'changes on their way; of a queue also those that nobody has fetched';
COMMENT ON COLUMN adama.replication_status.parked IS 'replicas that the table refused, which are tried again';
COMMENT ON COLUMN adama.replication_status.lag IS 'since when the oldest of the pending changes waits; null: nothing is pending';
COMMENT ON COLUMN adama.replication_status.delivered IS 'changes that have been delivered; null: not counted, for messages write to the table themselves';
COMMENT ON COLUMN adama.replication_status.fill_done IS 'replicas brought over of those that were there before';
COMMENT ON COLUMN adama.replication_status.fill_total IS 'how many those are; null: not counted yet';
COMMENT ON COLUMN adama.replication_status.failures IS 'how often in a row the target could not be reached';
COMMENT ON COLUMN adama.replication_status.retry_at IS 'when it is tried again; null: it is not waiting';
COMMENT ON COLUMN adama.replication_status.last_error IS 'what the last failure said, or what is broken';
COMMENT ON COLUMN adama.replication_status.last_error_at IS 'when that failure was';
-- Each sees what is of their own spaces.
GRANT SELECT ON adama.replication_status TO PUBLIC;

-- ---- privileges ----

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA adama FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA adama TO PUBLIC;

-- ---- gateways: acting as others, and watching for them ----

CREATE FUNCTION adama.assume(agent pg_catalog.text, authority pg_catalog.text) RETURNS pg_catalog.void
	LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_assume';
COMMENT ON FUNCTION adama.assume(pg_catalog.text, pg_catalog.text) IS 'act as this principal until the end of the transaction; nulls: as yourself again';
-- The right to act as others, which the functions for gateways ask for, too.
REVOKE ALL ON FUNCTION adama.assume(pg_catalog.text, pg_catalog.text) FROM PUBLIC;
CREATE FUNCTION adama.gateway_listen() RETURNS pg_catalog.text
	LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_gateway_listen';
COMMENT ON FUNCTION adama.gateway_listen() IS 'listen on a new channel for the connections of others; yields the channel; for gateways';
CREATE FUNCTION adama.gateway_connect(listener pg_catalog.text, space pg_catalog.text, ids pg_catalog.int8[], keys pg_catalog.text[], agents pg_catalog.text[],
		authorities pg_catalog.text[], viewers pg_catalog.json[] DEFAULT NULL, since pg_catalog.int8[] DEFAULT NULL, ips pg_catalog.text[] DEFAULT NULL,
		origins pg_catalog.text[] DEFAULT NULL, lives pg_catalog.int8[] DEFAULT NULL) RETURNS TABLE (
		ord pg_catalog.int4, filter pg_catalog.text, sqlstate pg_catalog.text, error pg_catalog.text)
	LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 100 AS 'MODULE_PATHNAME', 'adama_sql_gateway_connect';
COMMENT ON FUNCTION adama.gateway_connect(pg_catalog.text, pg_catalog.text, pg_catalog.int8[], pg_catalog.text[], pg_catalog.text[], pg_catalog.text[], pg_catalog.json[], pg_catalog.int8[], pg_catalog.text[], pg_catalog.text[], pg_catalog.int8[])
	IS 'join documents on behalf of others; each connection succeeds or fails alone; for gateways';
CREATE FUNCTION adama.gateway_disconnect(listener pg_catalog.text, space pg_catalog.text, ids pg_catalog.int8[]) RETURNS TABLE (
		ord pg_catalog.int4, sqlstate pg_catalog.text, error pg_catalog.text)
	LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 100 AS 'MODULE_PATHNAME', 'adama_sql_gateway_disconnect';
COMMENT ON FUNCTION adama.gateway_disconnect(pg_catalog.text, pg_catalog.text, pg_catalog.int8[]) IS 'end connections of a listener; for gateways';
CREATE FUNCTION adama.gateway_update(listener pg_catalog.text, space pg_catalog.text, ids pg_catalog.int8[], viewers pg_catalog.json[]) RETURNS TABLE (
		ord pg_catalog.int4, sqlstate pg_catalog.text, error pg_catalog.text)
	LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 100 AS 'MODULE_PATHNAME', 'adama_sql_gateway_update';
COMMENT ON FUNCTION adama.gateway_update(pg_catalog.text, pg_catalog.text, pg_catalog.int8[], pg_catalog.json[]) IS 'give connections of a listener another viewer state; for gateways';
CREATE FUNCTION adama.gateway_list(space pg_catalog.text, after pg_catalog.text DEFAULT NULL, max pg_catalog.int4 DEFAULT 1000) RETURNS TABLE (
		key pg_catalog.text, created pg_catalog.timestamptz, updated pg_catalog.timestamptz, seq pg_catalog.int8)
	LANGUAGE c STABLE PARALLEL UNSAFE ROWS 1000 AS 'MODULE_PATHNAME', 'adama_sql_gateway_list';
COMMENT ON FUNCTION adama.gateway_list(pg_catalog.text, pg_catalog.text, pg_catalog.int4) IS 'the documents whose keys come after this one; for gateways';

-- ---- authorities: whose word gateways take ----

CREATE TABLE adama.authorities (
	name pg_catalog.text COLLATE pg_catalog."C" PRIMARY KEY,
	jwks pg_catalog.jsonb NOT NULL,
	changed pg_catalog.timestamptz NOT NULL
);
COMMENT ON TABLE adama.authorities IS 'who may say who somebody is: written by adama.authority, read by gateways';
COMMENT ON COLUMN adama.authorities.name IS 'the authority, as principals and tokens name it';
COMMENT ON COLUMN adama.authorities.jwks IS 'its public keys, a JSON Web Key Set';
COMMENT ON COLUMN adama.authorities.changed IS 'when they were set';
REVOKE ALL ON TABLE adama.authorities FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('adama.authorities', '');
CREATE FUNCTION adama.authority(name pg_catalog.text, jwks pg_catalog.jsonb) RETURNS pg_catalog.void
	LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_authority_set';
COMMENT ON FUNCTION adama.authority(pg_catalog.text, pg_catalog.jsonb) IS 'set the public keys of an authority; null: remove it';
REVOKE ALL ON FUNCTION adama.authority(pg_catalog.text, pg_catalog.jsonb) FROM PUBLIC;
CREATE FUNCTION adama.gateway_authorities() RETURNS TABLE (name pg_catalog.text, jwks pg_catalog.jsonb)
	LANGUAGE c STABLE PARALLEL RESTRICTED ROWS 10 AS 'MODULE_PATHNAME', 'adama_sql_gateway_authorities';
COMMENT ON FUNCTION adama.gateway_authorities() IS 'the authorities and their public keys; for gateways';

-- ---- monitoring ----

CREATE FUNCTION adama.list_connections() RETURNS TABLE (
		space pg_catalog.text, key pg_catalog.text, connection pg_catalog.text, agent pg_catalog.text, authority pg_catalog.text, class pg_catalog.int8,
		joined pg_catalog.timestamptz, sent pg_catalog.int8, acked pg_catalog.int8, send_window pg_catalog.int4, unacked pg_catalog.int4, lag pg_catalog.int8,
		pid pg_catalog.int4)
	LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1000 AS 'MODULE_PATHNAME', 'adama_sql_list_connections';
COMMENT ON FUNCTION adama.list_connections() IS 'what the view adama.connections shows';
CREATE FUNCTION adama.list_emitter_stats() RETURNS TABLE (
		database pg_catalog.oid, pid pg_catalog.int4, since pg_catalog.timestamptz, connections pg_catalog.int4, documents pg_catalog.int4,
		queue_usage pg_catalog.float8, coalescing pg_catalog.float8, lag_seq_max pg_catalog.int8, lag_ms_mean pg_catalog.float8,
		lag_ms_p50 pg_catalog.float8, lag_ms_p99 pg_catalog.float8, lag_ms_max pg_catalog.float8,
		turns pg_catalog.int8, looks pg_catalog.int8, entries pg_catalog.int8, changes pg_catalog.int8, deltas pg_catalog.int8, wholes pg_catalog.int8, messages pg_catalog.int8, payloads pg_catalog.int8, bytes pg_catalog.int8, catch_ups pg_catalog.int8, lag_total pg_catalog.int8, follow_us pg_catalog.int8, read_us pg_catalog.int8, share_us pg_catalog.int8, view_us pg_catalog.int8, send_us pg_catalog.int8, commit_us pg_catalog.int8, reap_us pg_catalog.int8)
	LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 10 AS 'MODULE_PATHNAME', 'adama_sql_list_emitter_stats';
COMMENT ON FUNCTION adama.list_emitter_stats() IS 'what the view adama.emitter_stats shows';
CREATE FUNCTION adama.emitter_stats_reset() RETURNS pg_catalog.void
	LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adama_sql_emitter_stats_reset';
COMMENT ON FUNCTION adama.emitter_stats_reset() IS 'let the statistics of this database''s emitter begin anew';
CREATE VIEW adama.connections AS SELECT * FROM adama.list_connections();
COMMENT ON VIEW adama.connections IS 'who is joined to which document of this database, and how far each is';
CREATE VIEW adama.emitter_stats AS SELECT d.datname, s.pid, s.since, s.connections, s.documents, s.queue_usage, s.coalescing, s.lag_seq_max, s.lag_ms_mean,
		s.lag_ms_p50, s.lag_ms_p99, s.lag_ms_max, s.turns, s.looks, s.entries, s.changes, s.deltas, s.wholes, s.messages, s.payloads, s.bytes, s.catch_ups, s.follow_us, s.read_us, s.share_us, s.view_us, s.send_us, s.commit_us, s.reap_us
	FROM adama.list_emitter_stats() s JOIN pg_catalog.pg_database d ON d.oid OPERATOR(pg_catalog.=) s.database;
COMMENT ON VIEW adama.emitter_stats IS 'what the emitters of the databases have done';
COMMENT ON COLUMN adama.emitter_stats.datname IS 'the database';
COMMENT ON COLUMN adama.emitter_stats.pid IS 'process id of its emitter; null: it has none at the moment';
COMMENT ON COLUMN adama.emitter_stats.since IS 'when counting began';
COMMENT ON COLUMN adama.emitter_stats.connections IS 'that it serves';
COMMENT ON COLUMN adama.emitter_stats.documents IS 'that they watch';
COMMENT ON COLUMN adama.emitter_stats.queue_usage IS 'how full PostgreSQL''s notification queue was when it last looked, 0 to 1';
COMMENT ON COLUMN adama.emitter_stats.coalescing IS 'events to a change, on average';
COMMENT ON COLUMN adama.emitter_stats.lag_seq_max IS 'most events that were one change';
COMMENT ON COLUMN adama.emitter_stats.lag_ms_mean IS 'milliseconds from the last event of a change to the commit of its notification, on average';
COMMENT ON COLUMN adama.emitter_stats.lag_ms_p50 IS 'the same, of half of all changes at most';
COMMENT ON COLUMN adama.emitter_stats.lag_ms_p99 IS 'the same, of 99 of 100 at most';
COMMENT ON COLUMN adama.emitter_stats.lag_ms_max IS 'the same, the longest';
COMMENT ON COLUMN adama.emitter_stats.turns IS 'transactions in which documents were looked at';
COMMENT ON COLUMN adama.emitter_stats.looks IS 'times that a document was looked at';
COMMENT ON COLUMN adama.emitter_stats.entries IS 'events that were followed, of documents that were watched';
COMMENT ON COLUMN adama.emitter_stats.changes IS 'times that a document had changed';
COMMENT ON COLUMN adama.emitter_stats.deltas IS 'changes of a class''s view';
COMMENT ON COLUMN adama.emitter_stats.wholes IS 'whole views of a class';
COMMENT ON COLUMN adama.emitter_stats.messages IS 'what was sent: to a connection, or to a gateway for any number of them';
COMMENT ON COLUMN adama.emitter_stats.payloads IS 'notifications';
COMMENT ON COLUMN adama.emitter_stats.bytes IS 'of their payloads';
COMMENT ON COLUMN adama.emitter_stats.catch_ups IS 'changes that several others were composed to, for who could not be sent those';
COMMENT ON COLUMN adama.emitter_stats.follow_us IS 'microseconds spent following connections';
COMMENT ON COLUMN adama.emitter_stats.read_us IS 'microseconds spent reading documents';
COMMENT ON COLUMN adama.emitter_stats.share_us IS 'microseconds spent computing what viewers share';
COMMENT ON COLUMN adama.emitter_stats.view_us IS 'microseconds spent computing what each class has for itself';
COMMENT ON COLUMN adama.emitter_stats.send_us IS 'microseconds spent putting changes into words and notifying';
COMMENT ON COLUMN adama.emitter_stats.commit_us IS 'microseconds spent committing';
COMMENT ON COLUMN adama.emitter_stats.reap_us IS 'microseconds spent removing connections';
COMMENT ON COLUMN adama.connections.space IS 'the space';
COMMENT ON COLUMN adama.connections.key IS 'the document';
COMMENT ON COLUMN adama.connections.connection IS 'a hash of its id, which is a secret';
COMMENT ON COLUMN adama.connections.agent IS 'who looks';
COMMENT ON COLUMN adama.connections.authority IS 'who vouches for the agent';
COMMENT ON COLUMN adama.connections.class IS 'number of its view class: those that have the same are sent the same';
COMMENT ON COLUMN adama.connections.joined IS 'when it was joined';
COMMENT ON COLUMN adama.connections.sent IS 'sequence number of the last change that it was sent; null: none yet, or it is a gateway''s';
COMMENT ON COLUMN adama.connections.acked IS 'the last that it acknowledged';
COMMENT ON COLUMN adama.connections.send_window IS 'how many changes it is sent at most without acknowledging one; null: any number';
COMMENT ON COLUMN adama.connections.unacked IS 'changes that were sent and not acknowledged';
COMMENT ON COLUMN adama.connections.lag IS 'events since what it was sent, while it waits to be sent more; null: there is no emitter';
COMMENT ON COLUMN adama.connections.pid IS 'process id of the session that listens';
REVOKE ALL ON FUNCTION adama.list_connections(), adama.list_emitter_stats(), adama.emitter_stats_reset() FROM PUBLIC;
REVOKE ALL ON TABLE adama.connections, adama.emitter_stats FROM PUBLIC;
GRANT EXECUTE ON FUNCTION adama.list_connections(), adama.list_emitter_stats() TO pg_monitor;
GRANT SELECT ON TABLE adama.connections, adama.emitter_stats TO pg_monitor;
