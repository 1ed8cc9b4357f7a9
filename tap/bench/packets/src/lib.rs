//! Both ends of a stream over one memory, as two components have it, without the system between
//! them: for programs that measure what a packet costs.
#![no_std]

use core::hint::black_box;

use genode::{
    dataspace::LocalRam,
    packet_stream::{Protocol, SinkEnd, SourceEnd, StreamError, View},
};

/// Both ends.
#[derive(Debug)]
pub struct Stream<P: Protocol> {
    pub source: SourceEnd<P, LocalRam>,
    pub sink: SinkEnd<P, LocalRam>,
}

impl<P: Protocol> Stream<P> {
    pub fn new(bytes: usize, align_log2: u8) -> Result<Self, StreamError> {
        let memory = LocalRam::new(bytes)?;
        let sink = SinkEnd::new(memory.clone())?;
        Ok(Self { source: SourceEnd::new(memory, align_log2)?, sink })
    }

    /// Sends `count` packets of `size` bytes as one batch, and gets them back. `fill` and `work`
    /// have the content at either side, `check` what came back.
    pub fn batch(
        &mut self,
        count: usize,
        size: usize,
        header: &P::Header,
        mut fill: impl FnMut(View<'_>) -> Result<(), StreamError>,
        mut work: impl FnMut(View<'_>) -> Result<(), StreamError>,
        mut check: impl FnMut(View<'_>) -> Result<(), StreamError>,
    ) -> Result<usize, StreamError> {
        for _ in 0..count {
            let Some(packet) = self.source.try_alloc(size)? else { break };
            fill(packet.view())?;
            self.source.try_submit(packet, header).map_err(|refused| refused.why)?;
        }
        black_box(self.source.wakeup()?);
        while let Some(packet) = self.sink.try_next()? {
            work(packet.view()?)?;
            self.sink.try_ack(packet, header).map_err(|refused| refused.why)?;
        }
        black_box(self.sink.wakeup()?);
        let mut back = 0;
        while let Some(acked) = self.source.try_acked()? {
            if let Some(packet) = acked.packet {
                check(packet.view())?;
                back += 1;
            }
        }
        black_box(self.source.wakeup()?);
        Ok(back)
    }
}
