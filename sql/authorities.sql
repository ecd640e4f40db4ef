-- Whose word gateways take: keys of authorities.
CREATE ROLE au_gateway;
GRANT EXECUTE ON FUNCTION adama.assume(text, text) TO au_gateway;
SELECT adama.authority('accounts', '{"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","use":"sig","alg":"ES256"}]}');
SELECT adama.authority('guests', '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}');
SELECT adama.authority('big', jsonb_build_object('keys', jsonb_build_array(jsonb_build_object('kty', 'RSA', 'n', repeat('A', 342), 'e', 'AQAB', 'alg', 'RS256'))));
SELECT name, jwks->'keys'->0->>'kty' AS kty, changed <= now() AS has_time FROM adama.authorities ORDER BY name;
-- replaced
SELECT adama.authority('guests', '{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"new","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}');
SELECT jwks->'keys'->0->>'kid' FROM adama.authorities WHERE name = 'guests';

-- only gateways read them, and nobody but the owner writes
SET ROLE au_gateway;
SELECT name FROM adama.gateway_authorities() ORDER BY name;
SELECT * FROM adama.authorities;
SELECT adama.authority('mine', '{"keys":[]}');
RESET ROLE;
REVOKE EXECUTE ON FUNCTION adama.assume(text, text) FROM au_gateway;
SET ROLE au_gateway;
SELECT name FROM adama.gateway_authorities() ORDER BY name;
RESET ROLE;

-- keys of no use are passed over, unless there are no others
SELECT adama.authority('mixed', '{"keys":[{"kty":"EC","crv":"P-521","x":"AA","y":"AA"},{"kty":"XYZ"},{"kty":"RSA","use":"enc"},{"kty":"OKP","crv":"X25519","x":"AA"},
	{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
	{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","alg":"ECDH-ES"}]}');
SELECT adama.authority('none', '{"keys":[{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}]}');
SELECT adama.authority('none', '{"keys":[]}');
-- what is refused
SELECT adama.authority('bad', '[]');
SELECT adama.authority('bad', '{"keys":{}}');
SELECT adama.authority('bad', '{"keys":["x"]}');
SELECT adama.authority('bad', '{"keys":[{"crv":"P-256"}]}');
SELECT adama.authority('bad', '{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}]}');
SELECT adama.authority('bad', '{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVE+","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}');
SELECT adama.authority('bad', '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}');
SELECT adama.authority('bad', '{"keys":[{"kty":"RSA","n":"AAAA","e":"AQAB"}]}');
SELECT adama.authority('bad', '{"keys":[{"kty":"RSA","e":"AQAB"}]}');
SELECT adama.authority('bad', '{"keys":[{"kty":"OKP","crv":"Ed25519","d":"AA","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}');
SELECT adama.authority('bad', '{"keys":[{"kty":"oct","k":"AA"}]}');
SELECT adama.authority('postgres', '{"keys":[]}');
SELECT adama.authority('anonymous', '{"keys":[]}');
SELECT adama.authority('doc/a/b', '{"keys":[]}');
SELECT adama.authority('', '{"keys":[]}');
SELECT adama.authority(NULL, '{"keys":[]}');

-- removed
BEGIN;
SELECT adama.authority('big', NULL);
SELECT count(*) FROM adama.authorities WHERE name = 'big';
ROLLBACK;
SELECT count(*) FROM adama.authorities WHERE name = 'big';
SELECT adama.authority('big', NULL);
SELECT adama.authority('big', NULL);
-- it is dumped
SELECT extconfig::regclass[] FROM pg_extension WHERE extname = 'adama';
SELECT adama.authority(name, NULL) FROM adama.authorities ORDER BY name;
SELECT count(*) FROM adama.authorities;
DROP ROLE au_gateway;
