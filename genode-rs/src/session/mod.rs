//! The sessions that most systems have: their interfaces, and what a client wants to do with them.
//!
//! | service | interface | client |
//! |---|---|---|
//! | Block | [`block::BlockSession`] | [`block::BlockConnection`], [`block::BlockServer`] |
//! | CPU | [`cpu::CpuSession`], [`cpu::CpuThread`] | [`cpu::CpuConnection`], [`cpu::Forward`] |
//! | CPU, PD | | [`intercept::Interceptor`], which serves both in core's place |
//! | Event | [`event::EventSession`] | [`event::EventConnection`], [`event::EventServer`] |
//! | File_system | [`file_system::FileSystemSession`] | [`fs::FileSystem`](crate::fs::FileSystem) |
//! | LOG | [`log::LogSession`] | [`log!`](crate::log!), which needs no session of its own |
//! | Input | [`input::InputSession`] | [`input::InputConnection`], [`input::InputServer`] |
//! | IO_MEM | [`io_mem::IoMemSession`] | [`io_mem::IoMemConnection`] |
//! | Nic | [`nic::NicSession`] | [`nic::NicConnection`], [`nic::NicServer`] |
//! | PD | [`pd::PdSession`], [`pd::PdAccount`] | [`pd::PdConnection`], [`pd::Forward`] |
//! | ROM | [`rom::RomSession`] | [`rom::RomConnection`] |
//! | Timer | [`timer::TimerSession`] | [`timer::TimerConnection`] |
//! | Report | [`report::ReportSession`] | [`report::Reporter`] |
//! | Terminal | [`terminal::TerminalSession`] | [`terminal::TerminalConnection`] |
//! | Rtc | [`rtc::RtcSession`] | [`rtc::RtcConnection`] |
//! | TRACE | [`trace::TraceSession`] | [`trace::TraceConnection`] |
//! | Uplink | [`uplink::UplinkSession`] | [`uplink::UplinkConnection`], [`uplink::UplinkServer`] |
//!
//! A server implements the interface and serves it by [`Root::serve`](crate::root::Root::serve).
//! Functions are numbered as in Genode 22.08, 24.11 and 26.02, which agree on these interfaces, but
//! for TRACE, whose functions 22.08 numbers otherwise, and File_system, which was compared with
//! 24.11 and 26.02 only. Block and CPU are those of 26.02. PD is that of the development branch
//! after it (Sculpt 26.04), which calls itself 26.02 as well. It has `seal_ram`; without that, in
//! the release 26.02, the functions behind `free_ram` are numbered one lower.

pub mod block;
pub mod cpu;
pub mod event;
pub mod file_system;
pub mod input;
pub mod intercept;
pub mod io_mem;
pub mod log;
pub mod nic;
pub mod pd;
pub mod report;
pub mod rom;
pub mod rtc;
pub mod terminal;
pub mod timer;
pub mod trace;
pub mod uplink;
