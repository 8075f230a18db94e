//! A PostgreSQL cluster of one's own: `initdb` in a temporary folder, a server on a unix socket in it.
//! A supervising shell ends the server and removes the folder when the owner drops it or dies in whatever way.

use std::fs;
use std::io::{Read, Write as _};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::OnceCell;

use super::programs::{self, User};
use super::{SHARED_PRIMARY_VARIABLE, SHARED_REPLICA_VARIABLE, SHARED_VARIABLE, ThrowawayError};
use crate::Url;

/// How long a start may take on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(120);

/// The longest folder in which a socket still fits: the name of a unix socket holds 103 bytes on every system.
const LONGEST_FOLDER: usize = 103 - "/.s.PGSQL.5432".len();

/// A running cluster. Dropping it ends it.
#[derive(Debug)]
pub struct Cluster {
    url: Url,
    /// Where it lives; nothing where it is someone else's.
    folder: PathBuf,
    /// The shell that watches over the server. None where the cluster is someone else's.
    supervisor: Option<Child>,
}

impl Cluster {
    /// Starts a cluster of one's own, in about 1.5 seconds.
    ///
    /// # Errors
    /// The server programs are missing, or do not start.
    pub async fn start() -> Result<Self, ThrowawayError> {
        Self::run(Role::Alone).await
    }

    /// Starts a cluster that others can follow, and one that follows it: it has replayed what its primary has committed when that
    /// is told to clients, or a little later.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_replicated() -> Result<(Self, Self), ThrowawayError> {
        let primary = Self::run(Role::Primary).await?;
        let replica = Self::run(Role::Replica { of: &primary.folder }).await?;
        Ok((primary, replica))
    }

    async fn run(role: Role<'_>) -> Result<Self, ThrowawayError> {
        let programs = programs::find()?;
        // `PATH` may have links to some of them: a copy of a cluster takes one more.
        let postgres = fs::canonicalize(programs.join("postgres")).ok();
        let programs = postgres.as_deref().and_then(Path::parent).unwrap_or(&programs);
        let folder = folder(programs::unprivileged()?)?;
        let url = Url::postgres_socket(&folder, "postgres");
        let supervisor = Some(supervise(programs, &folder, role)?);
        let mut cluster = Self { url, folder, supervisor };
        cluster.answer().await?;
        Ok(cluster)
    }

    /// Kills every process of the server, as a machine does that loses its power.
    ///
    /// # Errors
    /// The cluster is someone else's, or is gone.
    pub fn kill(&mut self) -> Result<(), ThrowawayError> {
        self.order("kill")
    }

    /// Starts the server again that was killed, and waits for it.
    ///
    /// # Errors
    /// As [`Self::start`] and [`Self::kill`].
    pub async fn bring_back(&mut self) -> Result<(), ThrowawayError> {
        self.order("start")?;
        self.answer().await
    }

    fn order(&mut self, order: &str) -> Result<(), ThrowawayError> {
        let supervisor = self.supervisor.as_mut().and_then(|supervisor| supervisor.stdin.as_mut());
        let supervisor = supervisor.ok_or_else(|| ThrowawayError::Spawn(std::io::ErrorKind::NotFound.into()))?;
        writeln!(supervisor, "{order}").map_err(ThrowawayError::Spawn)
    }

    /// The cluster of this process, started at the first call and ended with the process; or the running one whose URL
    /// `CELL_TEST_POSTGRES` holds.
    ///
    /// # Errors
    /// As [`Self::start`]; a later call tries again.
    pub async fn shared() -> Result<&'static Self, ThrowawayError> {
        static SHARED: OnceCell<Cluster> = OnceCell::const_new();
        SHARED
            .get_or_try_init(|| async {
                match std::env::var(SHARED_VARIABLE) {
                    Ok(url) if !url.is_empty() => Ok(Self::of_others(&url)),
                    _ => Self::start().await,
                }
            })
            .await
    }

    /// As [`Self::shared`], a primary and one that follows it; `CELL_TEST_POSTGRES_PRIMARY` and `CELL_TEST_POSTGRES_REPLICA` hold
    /// the URLs of those that run.
    ///
    /// # Errors
    /// As [`Self::start`]; a later call tries again.
    pub async fn shared_replicated() -> Result<&'static (Self, Self), ThrowawayError> {
        static SHARED: OnceCell<(Cluster, Cluster)> = OnceCell::const_new();
        let running = |variable| std::env::var(variable).ok().filter(|url| !url.is_empty());
        SHARED
            .get_or_try_init(|| async {
                match (running(SHARED_PRIMARY_VARIABLE), running(SHARED_REPLICA_VARIABLE)) {
                    (Some(primary), Some(replica)) => Ok((Self::of_others(&primary), Self::of_others(&replica))),
                    _ => Self::start_replicated().await,
                }
            })
            .await
    }

    fn of_others(url: &str) -> Self {
        Self { url: Url::new(url), folder: PathBuf::new(), supervisor: None }
    }

    /// The URL of the database `postgres`, for those that hand the cluster on to other processes.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The folder with its socket; an empty path where the cluster is someone else's.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Creates an empty database, whose name begins with `prefix` and is like no other.
    ///
    /// # Errors
    /// The cluster is gone, or refuses.
    pub async fn create_database(&self, prefix: &str) -> Result<Url, ThrowawayError> {
        let mut connection = PgConnection::connect(self.url.as_str()).await.map_err(ThrowawayError::Create)?;
        // `template0` has no sessions of others', so any number of databases may be made from it at once. The server
        // chooses and quotes the name: several processes may share it.
        let (name, create): (String, String) = sqlx::query_as(
            "SELECT name, format('CREATE DATABASE %I TEMPLATE template0', name) \
             FROM (SELECT left($1, 30) || '_' || replace(gen_random_uuid()::text, '-', '') AS name) AS named",
        )
        .bind(prefix)
        .fetch_one(&mut connection)
        .await
        .map_err(ThrowawayError::Create)?;
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut connection).await.map_err(ThrowawayError::Create)?;
        connection.close().await.map_err(ThrowawayError::Create)?;
        Ok(self.url.with_database(&name))
    }

    /// Waits until the server takes a connection, or has ended.
    async fn answer(&mut self) -> Result<(), ThrowawayError> {
        let begun = Instant::now();
        loop {
            let refused = match PgConnection::connect(self.url.as_str()).await {
                Ok(connection) => {
                    // The server answers: how it takes the farewell does not matter.
                    drop(connection.close().await);
                    return Ok(());
                }
                Err(refused) => refused,
            };
            if let Some(log) = self.ended() {
                return Err(ThrowawayError::Ended { log });
            }
            if begun.elapsed() > PATIENCE {
                return Err(ThrowawayError::Slow { seconds: PATIENCE.as_secs(), source: refused });
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What the supervisor had to say, once it has ended.
    fn ended(&mut self) -> Option<String> {
        let supervisor = self.supervisor.as_mut()?;
        supervisor.try_wait().ok().flatten()?;
        let mut log = String::new();
        // A log that cannot be read is an empty one: that the server ended is the news.
        drop(supervisor.stdout.take()?.read_to_string(&mut log));
        Some(log.trim_end().to_owned())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut supervisor) = self.supervisor.take() {
            drop(supervisor.stdin.take());
            // Nothing is left to be done about a shell that cannot be waited for.
            drop(supervisor.wait());
        }
    }
}

/// Makes the cluster's folder, and gives it to the user that runs the server.
fn folder(owner: Option<User>) -> Result<PathBuf, ThrowawayError> {
    let temporary = std::env::temp_dir();
    let failed = |folder: &Path, source| ThrowawayError::Folder { folder: folder.to_owned(), source };
    let builder = || {
        let mut builder = tempfile::Builder::new();
        builder.prefix("cell-postgres-");
        builder
    };
    let mut folder = builder().tempdir_in(&temporary).map_err(|source| failed(&temporary, source))?;
    if folder.path().as_os_str().len() > LONGEST_FOLDER {
        folder = builder().tempdir_in("/tmp").map_err(|source| failed(Path::new("/tmp"), source))?;
    }
    if let Some(User { user, group }) = owner {
        std::os::unix::fs::chown(folder.path(), Some(user), Some(group))
            .map_err(|source| failed(folder.path(), source))?;
    }
    Ok(folder.keep())
}

/// What a cluster is for.
#[derive(Clone, Copy)]
enum Role<'a> {
    Alone,
    /// Its commits reach the others at once.
    Primary,
    Replica {
        of: &'a Path,
    },
}

fn supervise(programs: &Path, folder: &Path, role: Role<'_>) -> Result<Child, ThrowawayError> {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", include_str!("supervise.sh"), "supervise"])
        .arg(programs)
        .arg(folder)
        .arg(if matches!(role, Role::Alone) { "off" } else { "on" })
        .args(if let Role::Replica { of } = role { Some(of) } else { None })
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        // Ctrl-C in a terminal is for the owner; the server ends after it.
        .process_group(0)
        // The server's clients and tools read these; a throwaway cluster must be the same on every machine.
        .env_remove("PGDATA")
        .env_remove("PGPORT")
        .env("LC_ALL", "C")
        .env("TZ", "UTC");
    if let Some(User { user, group }) = programs::unprivileged()? {
        shell.uid(user).gid(group);
    }
    shell.spawn().map_err(|source| {
        // Without a supervisor nobody else removes it.
        drop(fs::remove_dir_all(folder));
        match source.kind() {
            // The server's user may not enter it.
            std::io::ErrorKind::PermissionDenied => ThrowawayError::Folder { folder: folder.to_owned(), source },
            _ => ThrowawayError::Spawn(source),
        }
    })
}
