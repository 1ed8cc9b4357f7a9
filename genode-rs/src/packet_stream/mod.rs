//! Packet streams: bulk data between two components, through memory that both have.
//!
//! One side, the [`Source`], allocates packets in a bulk buffer and submits them; the other one,
//! the [`Sink`], takes them, reads or fills them, and acknowledges them; then the source has them
//! back. Both queues and the buffer lie in one dataspace, as Genode's C++ lays them out
//! (`os/packet_stream.h`), and signals go only over the edges: something where there was nothing,
//! and space where there was none.
//!
//! A session interface such as [`block`](crate::session::block) names a [`Protocol`] and hands out
//! a channel ([`TxChannel`], [`RxChannel`]) for each stream. Nothing binds a session to one: each
//! stream has an entrypoint and a [`Place`] of its own.
//!
//! ```no_run
//! # use genode::{prelude::*, root::{Account, SessionRequest}, task::Tasks};
//! use genode::packet_stream::{Buffer, Plain, Sink, Source, StreamError, TxChannel};
//! type Numbers = Plain<64>;
//!
//! // the server: the client's donation pays for the buffer
//! async fn serve(sink: Sink<Numbers>) -> Result<(), StreamError> {
//!     loop {
//!         let packet = sink.next().await?;
//!         if let Ok(view) = packet.view() {
//!             let number: u64 = view.read_value(0).unwrap_or(0); // once: the client may change it
//!             view.write_value(0, &(number + 1)).ok();
//!         }
//!         sink.ack(packet, &()).await?;
//!     }
//! }
//! fn session(
//!     request: &SessionRequest<'_>,
//!     tasks: &Tasks,
//! ) -> Result<Capability<dyn TxChannel>, StreamError> {
//!     let buffer = Buffer::new(request.ep().into(), request.account(), 64 << 10)?;
//!     let sink = Sink::offer(request.ep(), buffer)?;
//!     let channel = sink.cap(); // for the client, by an RPC function
//!     tasks.try_spawn(serve(sink));
//!     Ok(channel)
//! }
//!
//! // the client
//! async fn add_one(env: Env, channel: Capability<dyn TxChannel>) -> Result<u64, StreamError> {
//!     let source = Source::<Numbers>::open(env.ep(), &channel, 0)?;
//!     let packet = source.alloc(8).await?;
//!     packet.view().write_value(0, &41_u64)?;
//!     source.submit(packet, &()).await?;
//!     let acked = source.acked().await?; // wakes the server first
//!     acked.packet.map_or(Ok(0), |packet| packet.view().read_value(0))
//! }
//! ```
//!
//! # What a peer can do
//!
//! It can write any of the shared memory at any time. So each side keeps its own index and its
//! account of packets for itself; loads the peer's index once per look and checks it against where
//! it can be; copies a descriptor once and checks the copy; and gives out no reference to the
//! memory, only a [`View`] that copies within the packet's bounds. A sink's packet with a bad place
//! can be acknowledged, and not looked into. A source takes an acknowledgement only for a packet
//! that the sink has, each once. What a peer destroys is its own traffic.
//!
//! # Wake-ups
//!
//! Submitting and acknowledging wake nobody. [`Source::wakeup`] and [`Sink::wakeup`] decide for all
//! since the last decision whether the peer may sleep, at the cost of a fence, and then submit one
//! signal, or two where space and elements have two handlers. Futures do it before they wait. A
//! stream has one handler for all of the peer's signals, since Genode's peers merge them.
//!
//! # In this module
//!
//! | part | for |
//! |---|---|
//! | [`Protocol`], [`Plain`], [`Layout`] | queues, descriptors, and where they lie |
//! | [`Source`], [`Sink`] | streams of tasks and handlers |
//! | [`TxChannel`], [`RxChannel`], [`Buffer`], [`Place`] | offering and opening them |
//! | [`SourceEnd`], [`SinkEnd`] | without signals, over any memory: tests, both sides |

mod channel;
mod end_sink;
mod end_source;
mod packet;
mod pool;
mod protocol;
mod queue;
mod ring;
mod sink;
mod source;
mod stream;
#[cfg(test)]
mod tests;

pub use channel::{Buffer, Place, RxChannel, RxChannelClient, TxChannel, TxChannelClient};
pub use end_sink::SinkEnd;
pub use end_source::{Acked, SourceEnd, Wake};
pub use packet::{Packet, Received, View};
pub use protocol::{Kind, Layout, MAX_WORDS, Plain, Protocol, Queue, StreamError};
pub use queue::Refused;
pub use sink::Sink;
pub use source::Source;
