//! Basic credentials ([RFC 7617](https://www.rfc-editor.org/rfc/rfc7617)).

use super::form::{encoded_len, push_encoded};
use crate::secret::joined;
use alloc::string::String;
use alloc::vec;
use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

pub(crate) const BASIC: &str = "Basic ";

/// The value of `Authorization` or `Proxy-Authorization`, in buffers that are wiped. With `is_encoded`, both parts are
/// form-encoded first, as [RFC 6749 section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1) requires of
/// clients.
pub(crate) fn basic(user: &str, password: &str, is_encoded: bool) -> Zeroizing<String> {
    let len = |text: &str| if is_encoded { encoded_len(text) } else { text.len() };
    let push =
        if is_encoded { push_encoded } else { |text: &str, pair: &mut String| pair.push_str(text) };
    let mut pair = Zeroizing::new(String::with_capacity(len(user) + 1 + len(password)));
    push(user, &mut pair);
    pair.push(':');
    push(password, &mut pair);
    let mut encoded = Zeroizing::new(vec![0; Base64::encoded_len(pair.as_bytes())]);
    // The buffer has the length that this needs, so it cannot fail.
    let encoded = Base64::encode(pair.as_bytes(), &mut encoded).unwrap_or_default();
    joined(&[BASIC, encoded])
}
