//! A way to an engine on which connections are cut at random: before a request arrives, or before its answer does.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// How many of a hundred pieces of a request, and of an answer, end in a cut.
const CUT: [u32; 2] = [1, 4];

/// The way, for as long as the program runs.
pub(crate) struct Flaky {
    pub(crate) port: u16,
    cuts: Arc<AtomicUsize>,
}

impl Flaky {
    /// Leads to the port `to` of this machine.
    pub(crate) fn start(to: u16, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let cuts: Arc<AtomicUsize> = Arc::default();
        let counted = Arc::clone(&cuts);
        thread::spawn(move || {
            for (number, stream) in (0..).zip(listener.incoming()) {
                let (Ok(client), Ok(server)) = (stream, TcpStream::connect(("127.0.0.1", to)))
                else {
                    continue;
                };
                let ways = [
                    (client.try_clone(), server.try_clone()),
                    (Ok(server), Ok(client)),
                ];
                for ((from, to), percent) in ways.into_iter().zip(CUT) {
                    let (Ok(from), Ok(to)) = (from, to) else {
                        continue;
                    };
                    let counted = Arc::clone(&counted);
                    let random = fastrand::Rng::with_seed(seed ^ (number * 2 + u64::from(percent)));
                    thread::spawn(move || carry(from, to, percent, random, &counted));
                }
            }
        });
        Self { port, cuts }
    }

    /// Returns how many connections were cut.
    pub(crate) fn cuts(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }
}

fn carry(
    mut from: TcpStream,
    mut to: TcpStream,
    percent: u32,
    mut random: fastrand::Rng,
    cuts: &AtomicUsize,
) {
    let mut piece = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        if random.u32(0..100) < percent {
            cuts.fetch_add(1, Ordering::SeqCst);
            break;
        }
        if to.write_all(&piece[..length]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
