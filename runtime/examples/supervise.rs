//! A supervisor as a process of its own, which the tests kill: it runs the program of its second argument in the folder of its
//! first, tells where that listens, and waits.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::PathBuf;

use cell_node::supervisor::{Log, Settings, Spec, Supervisor};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(folder), Some(program)) = (arguments.next(), arguments.next()) else {
        return Err(io::Error::other("which folder, and which program?"));
    };
    let supervisor = Supervisor::open(&folder.join("s"), Settings::default()).await.map_err(io::Error::other)?;
    let spec = Spec {
        application: "clock".to_owned(),
        process: "clock".to_owned(),
        replica: 0,
        release: "1".to_owned(),
        program,
        arguments: Vec::new(),
        environment: BTreeMap::from([("CLOCK_GREETING".to_owned(), "hello".to_owned())]),
        inherit_environment: false,
        log: Log::File(folder.join("clock.log")),
        folder,
        lifeline: false,
    };
    let instance = supervisor.start(spec).await.map_err(io::Error::other)?;
    supervisor.ready(instance).await.map_err(io::Error::other)?;
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    supervisor.serve(instance, Some(listener)).await.map_err(io::Error::other)?;
    writeln!(io::stdout(), "{address}")?;
    std::future::pending().await
}
