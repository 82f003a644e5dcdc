//! A byte buffer that is wiped when it is dropped and when it grows.

use alloc::string::String;
use alloc::vec::Vec;
use zeroize::Zeroizing;

/// A byte buffer that is wiped when dropped. A `Vec` leaves its old bytes in freed memory when it grows; this buffer
/// copies them and wipes the old ones. Wherever the size can be known, it is reserved before the buffer is filled.
#[derive(Clone, Default)]
pub(crate) struct Buffer(Zeroizing<Vec<u8>>);

/// There is no memory of the size asked for.
#[derive(Debug)]
pub(crate) struct OutOfMemory;

impl Buffer {
    /// Reserves room for `bytes` in all.
    pub(crate) fn reserve(&mut self, bytes: usize) -> Result<(), OutOfMemory> {
        if bytes > self.0.capacity() {
            let mut larger = Vec::new();
            larger.try_reserve_exact(bytes).map_err(|_| OutOfMemory)?;
            larger.extend_from_slice(&self.0);
            self.0 = Zeroizing::new(larger); // the assignment drops, and so wipes, the old buffer
        }
        Ok(())
    }

    /// Appends bytes. A full buffer doubles its capacity, up to `limit` unless these bytes need more.
    pub(crate) fn push(&mut self, bytes: &[u8], limit: usize) -> Result<(), OutOfMemory> {
        const FIRST_BYTES: usize = 512;
        let needed = self.0.len().saturating_add(bytes.len());
        if needed > self.0.capacity() {
            let doubled = self.0.capacity().saturating_mul(2).max(FIRST_BYTES).min(limit);
            self.reserve(doubled.max(needed))?;
        }
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    /// Grows the buffer to `bytes` in all, with zeros at its end.
    #[cfg(feature = "tls-no-provider")]
    pub(crate) fn grow_to(&mut self, bytes: usize) -> Result<(), OutOfMemory> {
        self.reserve(bytes)?;
        let bytes = bytes.max(self.0.len());
        self.0.resize(bytes, 0);
        Ok(())
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// Returns the bytes, which are no longer wiped: the caller has to do it.
    pub(crate) fn into_vec(mut self) -> Vec<u8> {
        core::mem::take(&mut *self.0)
    }

    /// Reads until the end or until more than `limit` bytes have come, and returns whether it was the
    /// end. At most `limit` bytes are kept.
    #[cfg(feature = "std")]
    pub(crate) fn read_from(
        &mut self,
        source: &mut dyn std::io::Read,
        limit: usize,
    ) -> std::io::Result<bool> {
        loop {
            let filled = self.0.len();
            if filled > limit {
                self.0.truncate(limit);
                return Ok(false);
            }
            if filled == self.0.capacity() {
                let larger = filled.saturating_mul(2).max(1024).min(limit + 1);
                self.reserve(larger).map_err(|_| std::io::ErrorKind::OutOfMemory)?;
            }
            let room = self.0.capacity().min(limit + 1);
            self.0.resize(room, 0);
            let read = source.read(&mut self.0[filled..]);
            self.0.truncate(filled + read.as_ref().map_or(0, |n| *n));
            match read {
                Ok(0) => return Ok(true),
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Self {
        Buffer(Zeroizing::new(bytes))
    }
}

impl core::ops::Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// The parts in one wiped text, which has room for them from the start.
pub(crate) fn joined(parts: &[&str]) -> Zeroizing<String> {
    let len = parts.iter().map(|part| part.len()).sum();
    let mut text = Zeroizing::new(String::with_capacity(len));
    text.extend(parts.iter().copied());
    text
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use alloc::vec;
    use std::io::Read;

    #[test]
    fn reading_stops_at_the_limit() {
        for (sent, limit, whole) in [(0, 8, true), (8, 8, true), (9, 8, false), (5000, 5000, true)]
        {
            let mut buffer = Buffer::default();
            let end = buffer.read_from(&mut std::io::repeat(7).take(sent as u64), limit).unwrap();
            assert_eq!(end, whole, "{sent} bytes with a limit of {limit}");
            assert_eq!(*buffer, vec![7; sent.min(limit)]);
        }
    }

    #[test]
    fn pushing_grows_in_few_steps_and_not_beyond_the_limit() {
        let mut buffer = Buffer::default();
        let mut capacities = vec![];
        for _ in 0..5000 {
            buffer.push(&[7], 5000).unwrap();
            capacities.push(buffer.0.capacity());
        }
        capacities.dedup();
        assert_eq!(capacities, [512, 1024, 2048, 4096, 5000]);
        assert!(Buffer::default().reserve(usize::MAX).is_err());
    }
}
