//! The machine that the tests run on. What it has differs; that its sources agree does not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use topology::source::sysfs::{self, Directory};
use topology::{Machine, Source, Subject};

#[test]
fn this_machines_sources_agree() {
    if !cfg!(target_os = "linux") {
        println!("skipped: reads Linux sysfs");
        return;
    }
    let (claims, problems) = topology::source::this_machine::this_machine();
    for p in problems {
        println!("not read: {p}");
    }
    let Some(first) = claims.first() else {
        println!("skipped: this machine tells nothing about itself");
        return;
    };
    assert_eq!(first.source, Source::Sysfs);
    let m = Machine::build(&claims).unwrap();
    println!("sources: {:?}, {} CPUs, {} nodes", m.sources(), m.cpus().len(), m.nodes().len());
    // firmware may list CPUs that are not online, and a virtual machine's CPUID is not always told
    // what its kernel is told about caches: anything else is a fault of one of the readers
    let unexpected: Vec<String> = m
        .conflicts()
        .iter()
        .filter(|c| {
            !matches!(
                c.subject,
                Subject::Exists(_) | Subject::CacheSize(..) | Subject::CacheSharing(..)
            )
        })
        .map(ToString::to_string)
        .collect();
    assert_eq!(unexpected, Vec::<String>::new());
    let online = std::thread::available_parallelism().unwrap().get();
    assert!(m.cpus().len() >= online, "{} CPUs, {online} usable", m.cpus().len());
}

#[test]
fn the_current_thread_is_on_a_node() {
    let Ok(claims) = sysfs::read(&Directory::new("/")) else {
        println!("skipped: no sysfs here");
        return;
    };
    let m = Machine::build(&[claims]).unwrap();
    if m.nodes().is_empty() {
        println!("skipped: this kernel tells no nodes");
        return;
    }
    let node = m.node_of_current_thread();
    assert!(node.is_some_and(|n| m.node(n).is_some()), "{node:?}");
}
