//! A process that a supervisor can run, as the supervisor's tests need it: it does what the words of its command line say, one
//! after the other, and then answers until it is told to end.

use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use cell_manifest::supervision::{Channel, FromProcess, INSTANCE, Progress, SUPERVISOR, ToProcess, VERSION};
use tokio::net::UnixStream;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let variable = |name: &str| std::env::var(name).map_err(io::Error::other);
    let mut deaf = false;
    let mut chatter = false;
    let mut stays = false;
    for word in std::env::args().skip(1) {
        match word.split_once('=') {
            Some(("say", text)) => writeln!(io::stdout(), "{text}")?,
            // Fails from the second time on.
            Some(("once", file)) if Path::new(file).exists() => return Err(io::Error::other("a second time")),
            Some(("once", file)) => std::fs::write(file, "")?,
            Some(("child", seconds)) => {
                drop(tokio::process::Command::new("sleep").arg(seconds).spawn()?);
            }
            None if word == "deaf" => deaf = true,
            None if word == "chatter" => chatter = true,
            // Connects again when the supervisor is gone, instead of ending.
            None if word == "stays" => stays = true,
            _ => return Err(io::Error::other(format!("what is `{word}`?"))),
        }
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let (socket, instance) = (variable(SUPERVISOR)?, variable(INSTANCE)?);
    let mut progress = Progress::Starting;
    let mut number = 0_u64;
    'connection: loop {
        let stream = match UnixStream::connect(&socket).await {
            Ok(stream) => stream,
            Err(_) if stays => {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
            Err(error) => return Err(error),
        };
        let mut channel = Channel::new(stream);
        let instance = instance.clone();
        let hello = FromProcess::Hello { version: VERSION, instance, progress, doors: false, listener: false };
        let mut greeted = channel.send(&hello, None).await;
        if progress == Progress::Starting && greeted.is_ok() {
            progress = Progress::Ready;
            greeted = channel.send(&FromProcess::Ready { doors: false }, None).await;
        }
        match greeted {
            // The supervisor left just now.
            Err(_) if stays => continue 'connection,
            greeted => greeted?,
        }
        loop {
            let message = tokio::select! {
                message = channel.receive::<ToProcess>() => message,
                _ = terminate.recv() => match deaf {
                    true => continue,
                    false => return Ok(()),
                },
                () = tokio::time::sleep(Duration::from_micros(200)), if chatter => {
                    writeln!(io::stdout(), "line {number}")?;
                    number += 1;
                    continue;
                }
            };
            let answer = match message {
                Ok(Some((ToProcess::Ping, _))) => FromProcess::Pong,
                Ok(Some((ToProcess::Serve { .. }, _))) => {
                    progress = Progress::Serving;
                    FromProcess::Serving
                }
                Ok(Some((ToProcess::Output, Some(file)))) => {
                    rustix::stdio::dup2_stdout(&file)?;
                    rustix::stdio::dup2_stderr(&file)?;
                    continue;
                }
                Ok(Some((ToProcess::Output, None))) => continue,
                Ok(None) | Err(_) if stays => continue 'connection,
                Ok(None) => return Ok(()),
                Err(error) => return Err(error),
            };
            match channel.send(&answer, None).await {
                Err(_) if stays => continue 'connection,
                sent => sent?,
            }
        }
    }
}
