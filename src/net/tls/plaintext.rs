//! Keeps decrypted data out of buffers that are not wiped.
//!
//! rustls copies each record that it has decrypted into a buffer of its own, which it frees without wiping. The provider
//! of cryptography does the decryption, so its cipher suites are wrapped here: the plain text of a record goes into a
//! wiped buffer of this thread, and rustls gets, and copies, its first byte, since it accepts only few empty records.
//!
//! ```text
//! record ──► provider: decrypt ──┬─► application data ──► COLLECTED ──► take()
//!                                │          └─► its first byte ──► rustls
//!                                └─► handshake, alert ──► rustls
//! ```

use crate::secret::Buffer;
use alloc::boxed::Box;
use core::cell::Cell;
use rustls::crypto::CryptoProvider;
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, MessageDecrypter, MessageEncrypter,
    Tls13AeadAlgorithm, UnsupportedOperationError,
};
use rustls::{
    CipherSuiteCommon, ConnectionTrafficSecrets, ContentType, Error, SupportedCipherSuite,
    Tls13CipherSuite,
};

std::thread_local! {
    /// One thread drives a connection, and takes the plain text of each step before the next one.
    static COLLECTED: Cell<Buffer> = Cell::default();
}

/// The application data decrypted on this thread since the last call.
pub(super) fn take() -> Buffer {
    COLLECTED.try_with(Cell::take).unwrap_or_default()
}

fn collect(bytes: &[u8]) -> Result<(), Error> {
    let outcome = COLLECTED.try_with(|collected| {
        let mut buffer = collected.take();
        let outcome = buffer.push(bytes, usize::MAX);
        collected.set(buffer);
        outcome
    });
    match outcome {
        Ok(Ok(())) => Ok(()),
        _ => Err(Error::General("no memory for what was decrypted".into())),
    }
}

/// The same provider, with suites that collect. They are never freed: call this once for a provider.
pub(super) fn collecting(provider: &CryptoProvider) -> CryptoProvider {
    let suites = provider.cipher_suites.iter().map(|suite| match suite {
        SupportedCipherSuite::Tls13(of) => {
            SupportedCipherSuite::Tls13(leak(suite13(of, leak(Collecting(of.aead_alg)))))
        }
        #[cfg(feature = "tls12")]
        SupportedCipherSuite::Tls12(of) => {
            SupportedCipherSuite::Tls12(leak(suite12(of, leak(Collecting(of.aead_alg)))))
        }
        // Another crate can turn TLS 1.2 on.
        #[allow(unreachable_patterns)]
        suite => *suite,
    });
    CryptoProvider { cipher_suites: suites.collect(), ..provider.clone() }
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// A suite with its algorithm wrapped, and without QUIC.
pub(super) const fn suite13(
    of: &Tls13CipherSuite,
    collecting: &'static Collecting<&'static dyn Tls13AeadAlgorithm>,
) -> Tls13CipherSuite {
    Tls13CipherSuite {
        common: common(&of.common),
        hkdf_provider: of.hkdf_provider,
        aead_alg: collecting,
        quic: None,
    }
}

const fn common(of: &CipherSuiteCommon) -> CipherSuiteCommon {
    CipherSuiteCommon {
        suite: of.suite,
        hash_provider: of.hash_provider,
        confidentiality_limit: of.confidentiality_limit,
    }
}

/// A suite's algorithm, or a decrypter that it made.
pub(super) struct Collecting<T>(pub(super) T);

impl MessageDecrypter for Collecting<Box<dyn MessageDecrypter>> {
    fn decrypt<'a>(
        &mut self,
        message: InboundOpaqueMessage<'a>,
        sequence: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let mut message = self.0.decrypt(message, sequence)?;
        if message.typ == ContentType::ApplicationData {
            collect(message.payload)?;
            message.payload = message.payload.get(..1).unwrap_or(message.payload);
        }
        Ok(message)
    }
}

impl Tls13AeadAlgorithm for Collecting<&'static dyn Tls13AeadAlgorithm> {
    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(Collecting(self.0.decrypter(key, iv)))
    }

    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        self.0.encrypter(key, iv)
    }

    fn key_len(&self) -> usize {
        self.0.key_len()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: Iv,
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.0.extract_keys(key, iv)
    }

    fn fips(&self) -> bool {
        self.0.fips()
    }
}

#[cfg(feature = "tls12")]
pub(super) use tls12::suite12;

#[cfg(feature = "tls12")]
mod tls12 {
    use super::{Collecting, common};
    use alloc::boxed::Box;
    use rustls::crypto::cipher::{
        AeadKey, KeyBlockShape, MessageDecrypter, MessageEncrypter, Tls12AeadAlgorithm,
        UnsupportedOperationError,
    };
    use rustls::{ConnectionTrafficSecrets, Tls12CipherSuite};

    pub(in crate::net::tls) const fn suite12(
        of: &Tls12CipherSuite,
        collecting: &'static Collecting<&'static dyn Tls12AeadAlgorithm>,
    ) -> Tls12CipherSuite {
        Tls12CipherSuite {
            common: common(&of.common),
            prf_provider: of.prf_provider,
            kx: of.kx,
            sign: of.sign,
            aead_alg: collecting,
        }
    }

    impl Tls12AeadAlgorithm for Collecting<&'static dyn Tls12AeadAlgorithm> {
        fn decrypter(&self, key: AeadKey, iv: &[u8]) -> Box<dyn MessageDecrypter> {
            Box::new(Collecting(self.0.decrypter(key, iv)))
        }

        fn encrypter(&self, key: AeadKey, iv: &[u8], extra: &[u8]) -> Box<dyn MessageEncrypter> {
            self.0.encrypter(key, iv, extra)
        }

        fn key_block_shape(&self) -> KeyBlockShape {
            self.0.key_block_shape()
        }

        fn extract_keys(
            &self,
            key: AeadKey,
            iv: &[u8],
            explicit: &[u8],
        ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
            self.0.extract_keys(key, iv, explicit)
        }

        fn fips(&self) -> bool {
            self.0.fips()
        }
    }
}
