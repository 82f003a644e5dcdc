//! The documented signatures, by ring. `tests/servers/signing.rs` has the rest, `.ci/interop` has some verified by others.

use super::*;
use base64ct::Base64;

const RFC_7515_KEY: &str = include_str!("rfc7515.pem");

fn signed(key: &str, algorithm: Algorithm, header: &str, payload: &str) -> String {
    let input = SigningInput::new(algorithm, header, payload);
    let key = SigningKey::from_pem(key).unwrap();
    let signature = key.load(None).unwrap().sign(algorithm, input.as_bytes()).unwrap();
    String::from(input.with_signature(&signature).unwrap().expose())
}

#[test]
fn the_example_of_rfc_7515_appendix_a_2() {
    let expected = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
                    cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7\
                    AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6\
                    xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phC\
                    nvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    assert_eq!(signed(RFC_7515_KEY, Algorithm::Rs256, "{\"alg\":\"RS256\"}", PAYLOAD), expected);
}

#[test]
fn the_example_of_rfc_8037_appendix_a_4() {
    let seed =
        Base64UrlUnpadded::decode_vec("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    // RFC 8410 section 7, as openssl genpkey writes it.
    let before = [0x30, 46, 0x02, 1, 0, 0x30, 5, 0x06, 3, 0x2b, 0x65, 0x70, 0x04, 34, 0x04, 32];
    let key = Base64::encode_string(&[&before, seed.as_slice()].concat());
    let key = format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n");
    let expected = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6\
                    dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let payload = "Example of Ed25519 signing";
    assert_eq!(signed(&key, Algorithm::EdDsa, "{\"alg\":\"EdDSA\"}", payload), expected);
}
