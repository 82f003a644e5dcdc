//! `application/x-www-form-urlencoded`, read strictly: a client that forgets to encode is told so.

use std::collections::HashMap;

/// The fields of a form or query. Each name stands there once.
#[derive(Default)]
pub struct Fields(HashMap<String, String>);

impl Fields {
    /// Adds the fields in `encoded`, or says what is wrong with it.
    pub fn read(&mut self, encoded: &[u8]) -> Result<(), &'static str> {
        let pairs = encoded.split(|byte| *byte == b'&');
        for pair in pairs.filter(|pair| !pair.is_empty()) {
            let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &[][..]),
            };
            if self.0.insert(decode(name)?, decode(value)?).is_some() {
                return Err("a parameter is repeated");
            }
        }
        Ok(())
    }

    /// A field's value; one without a value counts as missing (RFC 6749, section 3.2).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

fn decode(encoded: &[u8]) -> Result<String, &'static str> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut bytes = encoded.iter();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || bytes.next().and_then(|b| char::from(*b).to_digit(16));
                match (digit(), digit()) {
                    (Some(high), Some(low)) => (high << 4 | low) as u8,
                    _ => return Err("a percent sign is not followed by two hexadecimal digits"),
                }
            }
            // What RFC 3986 lets stand in a query, and the brackets that everyone lets stand.
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => *byte,
            _ if b"-._~!$'()*,;=:@/?[]".contains(byte) => *byte,
            _ => return Err("a character is not percent-encoded"),
        });
    }
    String::from_utf8(decoded).map_err(|_| "a parameter is not UTF-8")
}
