//! Writes of a peer that breaks the rules of a packet stream.

use core::sync::atomic::Ordering::Relaxed;

use fastrand::Rng;
use genode::{
    dataspace::Area,
    packet_stream::{Layout, Protocol},
    prelude::*,
};

/// Writes a descriptor or an index that may not be into the queues of a stream of `size` bytes, at
/// random; an index is less than `index`.
///
/// # Errors
/// [`Error::Invalid`] for a size that holds no stream.
pub fn scribble<P: Protocol>(
    memory: &Area,
    size: usize,
    index: u32,
    random: &mut Rng,
) -> Result<(), Error> {
    let queues = Layout::queues::<P>();
    let acks = Layout::new::<P>(size).map_err(|_| Error::Invalid)?.ack_queue;
    let word = random.usize(..queues / 8) * 8;
    let value = match random.u32(..4) {
        0 => random.u64(..),
        1 => random.u64(..4),
        2 => (queues as u64 + random.u64(..4096)) & !7,
        _ => u64::MAX - random.u64(..4096),
    };
    let indices = [0, 4, acks, acks + 4];
    if indices.contains(&word) || indices.contains(&(word + 4)) || random.u32(..50) == 0 {
        let at = indices[random.usize(..indices.len())];
        memory.atomic_u32(at)?.store(value as u32 % index, Relaxed);
    } else {
        memory.atomic_u64(word)?.store(value, Relaxed);
    }
    Ok(())
}
