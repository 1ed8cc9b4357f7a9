extern crate std;

use std::{cell::RefCell, rc::Rc, string::ToString, vec, vec::Vec};

use super::*;
use crate::{
    rpc::{Caps, Client as _, ExceptionCode, Local, seal::Carrier},
    session::cpu::{self, CpuSession, CpuSessionClient, CpuThread, CpuThreadClient, ThreadState},
    sys::rpc::Answer,
};

const VECTORS: &str = include_str!("../../../tests/vectors/cpu-pd-26.02-ffb059da.txt");

/// Numbers of the functions of an interface, in the order of the vectors.
fn numbers(interface: &str) -> Vec<u64> {
    let costs = |name: &str| ["cost", "transfer", "range_size", "state_size"].contains(&name);
    let lines = VECTORS.lines().filter_map(|line| line.strip_prefix(interface)?.split_once(' '));
    lines.filter(|(name, _)| !costs(name)).map(|(_, number)| number.parse().unwrap()).collect()
}

fn vector(name: &str) -> &'static str {
    VECTORS.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap()
}

/// Bytes of a call, and the number of its capabilities.
type Call = (Vec<u8>, usize);

/// An object that takes down calls, and answers none.
#[derive(Clone, Default)]
struct Deaf(Rc<RefCell<Vec<Call>>>);

impl Deaf {
    fn numbers(&self) -> Vec<u64> {
        let number =
            |(body, _): &(Vec<u8>, usize)| u64::from_le_bytes(*body.first_chunk().unwrap());
        self.0.borrow().iter().map(number).collect()
    }
}

impl Carrier for Deaf {}

impl Invoke for Deaf {
    fn invoke(
        &self,
        (body, caps): (&[u8], &Caps),
        _: (&mut [u8], &mut Caps),
    ) -> Result<Answer, rpc::Error> {
        self.0.borrow_mut().push((body.to_vec(), caps.as_slice().len()));
        Ok(Answer { len: 0, code: ExceptionCode::INVALID_OBJECT })
    }
}

/// Calls each function of a PD session, in the order of the vectors.
fn all_of_pd<P: Invoke>(pd: &PdSessionClient<P>) {
    let here = Location { x: 1, y: 2, width: 3, height: 4 };
    let _ = pd.transfer_ram(Capability::INVALID, RamQuota(0x11));
    let _ = pd.transfer_caps(Capability::INVALID, CapQuota(0x12));
    let _ = pd.assign_parent(Capability::INVALID);
    let _ = pd.assign_pci(0x13, 0x14);
    let _ = pd.map(VirtRange { start: 0x15, bytes: 0x16 });
    let _ = pd.signal_source();
    let _ = pd.free_signal_source(Capability::INVALID);
    let _ = pd.alloc_context(Capability::INVALID, 0x17);
    let _ = pd.free_context(Capability::INVALID);
    let _ = pd.submit(Capability::INVALID, 0x18);
    let _ = pd.alloc_rpc_cap(Capability::INVALID);
    let _ = pd.free_rpc_cap(Capability::INVALID);
    let _ = (pd.address_space(), pd.stack_area(), pd.linker_area());
    let _ = pd.ref_account(Capability::INVALID);
    let _ = pd.alloc_ram(0x19, Cache::WriteCombined);
    let _ = pd.free_ram(Capability::INVALID);
    let _ = pd.seal_ram(Capability::INVALID);
    let _ = pd.ram_size(Capability::INVALID);
    let _ = (pd.cap_quota(), pd.used_caps(), pd.ram_quota(), pd.used_ram());
    let _ = pd.native_pd();
    let _ = pd.system_control_cap(here);
    let _ = pd.dma_addr(Capability::INVALID);
    let _ = pd.attach_dma(Capability::INVALID, 0x1a);
}

fn all_of_cpu<P: Invoke>(cpu: &CpuSessionClient<P>) {
    let here = Location { x: 1, y: 2, width: 3, height: 4 };
    let name = rpc::FixedString::new("thread").unwrap();
    let _ = cpu.create_thread(Capability::INVALID, name, here, 0x21);
    let _ = cpu.kill_thread(Capability::INVALID);
    let _ = cpu.exception_sigh(Capability::INVALID);
    let _ = cpu.affinity_space();
    let _ = cpu.trace_control();
    let _ = cpu.native_cpu();
}

#[test]
fn functions_of_a_pd_are_genodes_and_are_forwarded_as_they_are() {
    let (direct, behind) = (Deaf::default(), Deaf::default());
    all_of_pd(&PdSessionClient::over(direct.clone()));
    assert_eq!(direct.numbers(), numbers("pd."));
    let forward = Forward::new(PdSessionClient::over(behind.clone()), ());
    all_of_pd(&Local::<dyn PdSession, _>::client(forward));
    assert_eq!(*behind.0.borrow(), *direct.0.borrow());
}

#[test]
fn functions_of_a_cpu_session_are_genodes_and_are_forwarded_as_they_are() {
    let (direct, behind) = (Deaf::default(), Deaf::default());
    all_of_cpu(&CpuSessionClient::over(direct.clone()));
    assert_eq!(direct.numbers(), numbers("cpu."));
    let forward = cpu::Forward::new(CpuSessionClient::over(behind.clone()), ());
    all_of_cpu(&Local::<dyn CpuSession, _>::client(forward));
    assert_eq!(*behind.0.borrow(), *direct.0.borrow());
}

#[test]
fn functions_of_a_thread_are_genodes() {
    let deaf = Deaf::default();
    let thread = CpuThreadClient::over(deaf.clone());
    let state = ThreadState { state: 1, registers: [0; 22] };
    let _ = (thread.utcb(), thread.start(1, 2), thread.pause(), thread.resume());
    let _ = (thread.set_state(&state), thread.state());
    let _ = (thread.exception_sigh(Capability::INVALID), thread.single_step(true));
    let _ = thread.affinity(Location { x: 1, y: 0, width: 1, height: 1 });
    let _ = (thread.trace_control_index(), thread.trace_buffer(), thread.trace_policy());
    assert_eq!(deaf.numbers(), numbers("thread."));
}

#[test]
fn sizes_and_costs_are_genodes() {
    use crate::{connection::Service, rpc::Wire};
    assert_eq!(vector("thread.state_size"), ThreadState::SIZE.to_string());
    assert_eq!(vector("pd.range_size"), VirtRange::SIZE.to_string());
    let results = [Transfer::Ok, Transfer::Exceeded, Transfer::Invalid];
    let results: Vec<_> = results.iter().map(|result| (*result as u32).to_string()).collect();
    assert_eq!(vector("pd.transfer"), results.join(" "));
    let cost = |caps: CapQuota, ram: RamQuota| std::format!("{} {}", caps.0, ram.0);
    assert_eq!(vector("pd.cost"), cost(<dyn PdSession>::CAPS, <dyn PdSession>::RAM));
    assert_eq!(vector("cpu.cost"), cost(<dyn CpuSession>::CAPS, <dyn CpuSession>::RAM));
}

#[test]
fn a_session_that_does_not_answer_is_a_refusal() {
    let mut pd = Forward::new(PdSessionClient::over(Deaf::default()), ());
    assert_eq!(pd.transfer_ram(Capability::INVALID, RamQuota(1)), Transfer::Invalid);
    assert_eq!(pd.ref_account(Capability::INVALID), Referred::InvalidSession);
    assert_eq!(pd.alloc_ram(1, Cache::Cached), Err(AllocError::Denied));
    assert_eq!(pd.signal_source(), Err(AllocError::Denied));
    assert_eq!((pd.ram_quota(), pd.cap_quota()), (RamQuota(0), CapQuota(0)));
    assert!(!pd.assign_pci(0, 0) && !pd.address_space().is_valid());
}

/// Refuses what is too much, and keeps what it was asked.
#[derive(Default)]
struct Strict(Vec<&'static str>);

impl Hooks for Strict {
    fn alloc_ram(&mut self, size: u64) -> bool {
        self.0.push("ram");
        size <= 4096
    }
    fn alloc_rpc_cap(&mut self) -> bool {
        self.0.push("cap");
        false
    }
    fn transfer(&mut self, ram: RamQuota, caps: CapQuota) -> bool {
        self.0.push("transfer");
        ram.0 <= 10 && caps.0 <= 10
    }
    fn account(&mut self, named: Capability<dyn PdAccount>) -> Capability<dyn PdAccount> {
        self.0.push("account");
        named
    }
}

#[test]
fn hooks_of_a_pd_refuse_before_the_session_hears_of_it() {
    let deaf = Deaf::default();
    let mut pd = Forward::new(PdSessionClient::over(deaf.clone()), Strict::default());
    assert_eq!(pd.alloc_ram(4097, Cache::Cached), Err(AllocError::OutOfRam));
    assert_eq!(pd.alloc_rpc_cap(Capability::INVALID), Err(AllocError::OutOfCaps));
    assert_eq!(pd.transfer_ram(Capability::INVALID, RamQuota(11)), Transfer::Exceeded);
    assert_eq!(pd.transfer_caps(Capability::INVALID, CapQuota(11)), Transfer::Exceeded);
    assert!(deaf.0.borrow().is_empty());
    let _ = pd.alloc_ram(4096, Cache::Cached);
    let _ = pd.transfer_ram(Capability::INVALID, RamQuota(10));
    let _ = pd.transfer_caps(Capability::INVALID, CapQuota(10));
    let _ = pd.ref_account(Capability::INVALID);
    assert_eq!(deaf.numbers(), [16, 0, 1, 15]);
    let asked = ["ram", "cap", "transfer", "transfer", "ram"];
    let then = ["transfer", "account", "transfer", "account", "account"];
    assert_eq!(pd.hooks.0, [asked, then].concat());
}

/// Core's side of a CPU session: names threads, and keeps where they were to begin.
#[derive(Default)]
struct Core(Vec<Location>);

impl CpuSession for Core {
    fn create_thread(
        &mut self,
        _: Capability<dyn PdSession>,
        _: rpc::FixedString<32>,
        location: Location,
        _: u64,
    ) -> Result<Capability<dyn CpuThread>, AllocError> {
        self.0.push(location);
        if self.0.len() > 2 { Err(AllocError::OutOfCaps) } else { Ok(Capability::INVALID) }
    }
    fn kill_thread(&mut self, _: Capability<dyn CpuThread>) {}
    fn exception_sigh(&mut self, _: Capability<SignalContext>) {}
    fn affinity_space(&mut self) -> crate::affinity::Space {
        crate::affinity::Space::new(8, 1)
    }
    fn trace_control(&mut self) -> Capability<Dataspace> {
        Capability::INVALID
    }
    fn native_cpu(&mut self) -> Capability<cpu::NativeCpu> {
        Capability::INVALID
    }
}

/// Moves all threads but one to the second CPU, and refuses that one.
#[derive(Default)]
struct Mover(Vec<std::string::String>);

const SECOND: Location = Location { x: 1, y: 0, width: 1, height: 1 };

impl cpu::Hooks for Mover {
    fn place(&mut self, name: &str, _: Location) -> Option<Location> {
        (name != "bad").then_some(SECOND)
    }
    fn made(&mut self, name: &str, _: &Capability<dyn CpuThread>) {
        self.0.push(std::format!("+{name}"));
    }
    fn killed(&mut self, _: &Capability<dyn CpuThread>) {
        self.0.push("-".to_string());
    }
    fn space(&mut self, space: crate::affinity::Space) -> crate::affinity::Space {
        crate::affinity::Space::new(space.width / 2, space.height)
    }
}

#[test]
fn hooks_of_a_cpu_session_place_count_and_refuse_threads() {
    let core = Local::<dyn CpuSession, _>::client(Core::default());
    let mut session = cpu::Forward::new(core, (7_u8, Mover::default()));
    let mut make = |name: &str| {
        let name = rpc::FixedString::new(name).unwrap();
        session.create_thread(Capability::INVALID, name, Location::default(), 0)
    };
    let made = ["a", "bad", "b", "c"].map(&mut make).map(|made| made.map(drop));
    let (denied, full) = (Err(AllocError::Denied), Err(AllocError::OutOfCaps));
    assert_eq!(made, [Ok(()), denied, Ok(()), full]);
    session.kill_thread(Capability::INVALID);
    assert_eq!(session.affinity_space(), crate::affinity::Space::new(4, 1));
    assert_eq!(session.hooks.1.0, vec!["+a", "+b", "-"]);
}
