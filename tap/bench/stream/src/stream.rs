//! Both ends of a stream over one memory, as two components have it, without the system between
//! them.

use std::{ops::Deref, sync::Arc};

use genode::{
    dataspace::{Area, LocalRam},
    packet_stream::{Protocol, SinkEnd, SourceEnd, StreamError},
};

/// Memory that both ends have.
#[derive(Clone)]
pub(crate) struct Memory(Arc<LocalRam>);

impl Memory {
    pub(crate) fn new(bytes: usize) -> Result<Self, StreamError> {
        Ok(Self(Arc::new(LocalRam::new(bytes)?)))
    }
}

impl Deref for Memory {
    type Target = Area;

    fn deref(&self) -> &Area {
        &self.0
    }
}

pub(crate) struct Stream<P: Protocol> {
    pub(crate) source: SourceEnd<P, Memory>,
    pub(crate) sink: SinkEnd<P, Memory>,
}

impl<P: Protocol> Stream<P> {
    pub(crate) fn new(bytes: usize, align_log2: u8) -> Result<Self, StreamError> {
        let memory = Memory::new(bytes)?;
        let sink = SinkEnd::new(memory.clone())?;
        Ok(Self { source: SourceEnd::new(memory, align_log2)?, sink })
    }

    /// Sends `count` packets of `size` bytes as one batch, and gets them back. `fill` and `work`
    /// have the content at either side, `check` what came back.
    pub(crate) fn batch(
        &mut self,
        count: usize,
        size: usize,
        header: &P::Header,
        mut fill: impl FnMut(genode::packet_stream::View<'_>) -> Result<(), StreamError>,
        mut work: impl FnMut(genode::packet_stream::View<'_>) -> Result<(), StreamError>,
        mut check: impl FnMut(genode::packet_stream::View<'_>) -> Result<(), StreamError>,
    ) -> Result<usize, StreamError> {
        for _ in 0..count {
            let Some(packet) = self.source.try_alloc(size)? else { break };
            fill(packet.view())?;
            self.source.try_submit(packet, header).map_err(|refused| refused.why)?;
        }
        std::hint::black_box(self.source.wakeup()?);
        while let Some(packet) = self.sink.try_next()? {
            work(packet.view()?)?;
            self.sink.try_ack(packet, header).map_err(|refused| refused.why)?;
        }
        std::hint::black_box(self.sink.wakeup()?);
        let mut back = 0;
        while let Some(acked) = self.source.try_acked()? {
            if let Some(packet) = acked.packet {
                check(packet.view())?;
                back += 1;
            }
        }
        std::hint::black_box(self.source.wakeup()?);
        Ok(back)
    }
}
