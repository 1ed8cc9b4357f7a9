//! The messages of the fork's own C++ client, through the SDK's client and dispatcher of [`Topo`].
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use genode::__private::{Answer, Carrier};
use genode::affinity::{Affinity, Location, Space};
use genode::rpc::{Caps, Invoke, Local};
use topology::view::{View, ViewPolicy};
use topology::wire::NumaRegion;
use topology::{Machine, source::description};
use topology_session::{Region, Topo};

/// The machine that the vectors are about, seen through columns 1 and 2.
struct Session {
    machine: Machine,
    view: View,
}

fn session() -> Session {
    let claims = description::parse(
        r#"<machine><space width="3" height="2"/>
             <node id="9"><cpu id="5" x="1" y="0"/><cpu id="7" x="1" y="1"/><cpu id="1" x="2" y="1"/></node>
             <node id="4"><cpu id="0" x="0" y="0"/><cpu id="2" x="0" y="1"/><cpu id="6" x="2" y="0"/></node>
           </machine>"#,
    );
    let machine = Machine::build(&[claims.unwrap()]).unwrap();
    let right = Affinity::new(Space::new(3, 2), Location::new(1, 0, 2, 2));
    let space = machine.space_or_default().unwrap();
    let view = View::new(&machine, &space, right, ViewPolicy::default()).unwrap();
    Session { machine, view }
}

impl Topo for Session {
    fn node_affinity_of(&mut self, location: &Location) -> Region {
        self.view.node_affinity_of(*location).unwrap_or(NumaRegion::INVALID).into()
    }

    fn node_at_id(&mut self, id: u32) -> Region {
        self.view.node_at_id(id).unwrap_or(NumaRegion::INVALID).into()
    }

    fn node_count(&mut self) -> u32 {
        self.view.node_count()
    }

    fn reconstruct(&mut self, affinity: Affinity) {
        let space = self.machine.space_or_default().unwrap();
        self.view.reconstruct(&self.machine, &space, affinity).ok();
    }

    fn phys_id(&mut self, location: &Location) -> u32 {
        self.view.phys_id(*location).unwrap_or(u32::MAX)
    }

    fn global_affinity_space(&mut self) -> Space {
        self.view.global_affinity_space()
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn each_call_is_answered_as_the_client_expects() {
    let text = include_str!("../../tests/vectors/topo-ealan-23c00695.txt");
    let server = Local::<dyn Topo, _>::new(session());
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.len(), 58);
    for pair in lines.chunks(2) {
        let body = |line: &str| bytes(line.rsplit(' ').next().unwrap());
        let (call, expected) = (body(pair[0]), body(pair[1]));
        let mut reply = [0xee; 64];
        let answer = server.invoke((&call, &Caps::new()), (&mut reply, &mut Caps::new())).unwrap();
        assert_eq!(
            (answer.code.value(), &reply[..answer.len]),
            (0, expected.as_slice()),
            "{}",
            pair[0]
        );
    }
    // one opcode further on is the extension's, which this interface has not
    let unknown =
        server.invoke((&[6, 0, 0, 0, 0, 0, 0, 0], &Caps::new()), (&mut [0; 64], &mut Caps::new()));
    assert_eq!(unknown.unwrap().code.value(), -2);
}

/// And the SDK's client sends what the C++ client sends.
#[test]
fn the_client_sends_the_same_bytes() {
    struct Tape(core::cell::RefCell<Vec<Vec<u8>>>);
    impl Carrier for &Tape {}
    impl Invoke for &Tape {
        fn invoke(
            &self,
            call: (&[u8], &Caps),
            reply: (&mut [u8], &mut Caps),
        ) -> Result<Answer, genode::rpc::Error> {
            self.0.borrow_mut().push(call.0.to_vec());
            reply.0.fill(0);
            Ok(Answer { len: reply.0.len(), code: genode::rpc::ExceptionCode::SUCCESS })
        }
    }
    let tape = Tape(core::cell::RefCell::default());
    let client: <dyn Topo as genode::rpc::Interface>::Client<&Tape> =
        genode::rpc::Client::over(&tape);
    let text = include_str!("../../tests/vectors/topo-ealan-23c00695.txt");
    let recorded = |function: &str| {
        let line = text.lines().find(|line| line.starts_with(&format!("{function} call"))).unwrap();
        bytes(line.rsplit(' ').next().unwrap())
    };
    client.node_affinity_of(&Location::cpu(1, 1)).ok();
    client.node_at_id(64).ok();
    client.node_count().ok();
    let location = Location { x: 1, y: 0, width: 2, height: 2 };
    client.reconstruct(Affinity { space: Space { width: 3, height: 2 }, location }).ok();
    client.phys_id(&Location::cpu(0, -1)).ok();
    client.global_affinity_space().ok();
    let names = [
        "node_affinity_of(1,1)",
        "node_at_id(64)",
        "node_count()",
        "reconstruct(3x2:1,0,2,2)",
        "phys_id(0,-1)",
        "global_affinity_space()",
    ];
    assert_eq!(*tape.0.borrow(), names.map(recorded));
}
