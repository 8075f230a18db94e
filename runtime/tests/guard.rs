//! The guard of the caches, by itself, under every order in which threads may run (loom). In: the source of the guard, made of loom's
//! atomics. Out: that no value holds which is older than an acknowledged write, and that guards which are built otherwise let one through.
#![allow(dead_code, reason = "the models use a part of it")]

#[path = "../src/cache/versions.rs"]
mod versions;

/// What the guard is made of here.
mod sync {
    pub(crate) use loom::sync::Mutex;
    pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};
}

use loom::sync::atomic::{AtomicU64, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;
use versions::{Stamp, Versions};

/// A database of one number, a guard, and what is held.
struct World {
    database: AtomicU64,
    acknowledged: AtomicU64,
    versions: Versions,
    held: Mutex<Option<(u64, Stamp)>>,
    outer: Mutex<Option<(u64, Stamp)>>,
}

/// Where the number changes.
const PLACE: u32 = 0;

impl World {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            database: AtomicU64::new(0),
            acknowledged: AtomicU64::new(0),
            versions: Versions::new(1),
            held: Mutex::new(None),
            outer: Mutex::new(None),
        })
    }

    fn change(&self) {
        self.versions.change(|changing| changing.place(PLACE));
    }

    /// Commits, is heard of, and only then is told that it did.
    fn write(&self, number: u64) {
        self.database.store(number, Ordering::SeqCst);
        self.change();
        self.acknowledged.store(number, Ordering::SeqCst);
    }

    fn compute(&self) {
        let since = self.versions.stamp();
        let number = self.database.load(Ordering::SeqCst);
        *self.held.lock().unwrap() = Some((number, since));
    }

    /// What is held is as new as what was acknowledged before it is looked at.
    fn read(&self, held: &Mutex<Option<(u64, Stamp)>>) {
        let acknowledged = self.acknowledged.load(Ordering::SeqCst);
        let held = *held.lock().unwrap();
        if let Some((number, since)) = held
            && self.versions.holds(since, &[PLACE])
        {
            assert!(number >= acknowledged, "stale: {number}, and {acknowledged} was acknowledged");
        }
    }

    /// Computes something of what is held, as of now.
    fn compute_outer(&self) {
        let now = self.versions.stamp();
        let held = *self.held.lock().unwrap();
        if let Some((number, since)) = held
            && self.versions.holds(since, &[PLACE])
        {
            *self.outer.lock().unwrap() = Some((number, now));
        }
    }
}

#[test]
fn who_computes_before_a_write_leaves_nothing_that_holds_after_it() {
    loom::model(|| {
        let world = World::new();
        let (writer, computer) = (Arc::clone(&world), Arc::clone(&world));
        let writer = thread::spawn(move || writer.write(1));
        let computer = thread::spawn(move || computer.compute());
        world.read(&world.held);
        writer.join().unwrap();
        world.read(&world.held);
        computer.join().unwrap();
        world.read(&world.held);
    });
}

#[test]
fn writes_that_are_heard_of_at_once_are_each_heard_of() {
    loom::model(|| {
        let world = World::new();
        world.compute();
        let writer = Arc::clone(&world);
        let hears = Arc::clone(&world);
        let writer = thread::spawn(move || writer.write(1));
        // Somebody hears of something else at the same time.
        let hears = thread::spawn(move || hears.change());
        world.read(&world.held);
        writer.join().unwrap();
        hears.join().unwrap();
        world.read(&world.held);
    });
}

#[test]
fn what_is_made_of_what_is_held_falls_with_it() {
    loom::model(|| {
        let world = World::new();
        world.compute();
        let (writer, computer) = (Arc::clone(&world), Arc::clone(&world));
        let writer = thread::spawn(move || writer.write(1));
        let computer = thread::spawn(move || computer.compute_outer());
        world.read(&world.outer);
        writer.join().unwrap();
        computer.join().unwrap();
        world.read(&world.outer);
    });
}

/// A stamp that is taken behind the read.
#[test]
#[should_panic = "stale"]
fn a_stamp_behind_the_read_lets_a_stale_value_through() {
    loom::model(|| {
        let world = World::new();
        let writer = Arc::clone(&world);
        let writer = thread::spawn(move || writer.write(1));
        let number = world.database.load(Ordering::SeqCst);
        let since = world.versions.stamp();
        *world.held.lock().unwrap() = Some((number, since));
        writer.join().unwrap();
        world.read(&world.held);
    });
}

/// A writer that is told before it is heard of.
#[test]
#[should_panic = "stale"]
fn a_write_that_is_heard_of_afterwards_lets_a_stale_value_through() {
    loom::model(|| {
        let world = World::new();
        world.compute();
        let writer = Arc::clone(&world);
        let writer = thread::spawn(move || {
            writer.database.store(1, Ordering::SeqCst);
            writer.acknowledged.store(1, Ordering::SeqCst);
            writer.change();
        });
        world.read(&world.held);
        writer.join().unwrap();
    });
}
