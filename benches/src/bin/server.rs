//! The server's figures: whole logins over TLS on loopback, beside the floor program.

use countersign_benches::browser::{Browser, percent};
use countersign_benches::load::{Nobody, Person, REQUESTS, begin, request, type_digits};
use countersign_benches::measure::{Timed, in_turns, median};
use countersign_benches::phone::config;
use countersign_benches::process::{cpu, peak_memory};
use countersign_benches::report::{Row, time};
use countersign_benches::setup::{Place, Running, Server, account};
use countersign_benches::{Result, http};
use countersign_core::adapters::on_disk;
use countersign_core::{Answer, Authenticator, Id, Progress, Roots, Sent};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

/// People who sign in at the same time, as fast as they can.
const PEOPLE: usize = 8;

/// Turns of the server and the floor program, and how long each is.
const ROUNDS: usize = 5;
const TURN: Duration = Duration::from_secs(3);

/// Logins whose last part is timed.
const STORIES: usize = 15;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (acs, place) = (application()?, Place::make()?);
    let (server, serving) = place.server(PEOPLE + 1, &acs)?;
    if arguments.first().is_some_and(|word| word == "load") {
        let people = enrol(&place, &server, &serving, &acs)?.0;
        let seconds = arguments.get(1).ok_or("load SECONDS")?.parse()?;
        eprintln!("pid {}", serving.pid());
        let turn = turn(
            &people,
            serving.pid(),
            Duration::from_secs(seconds),
            Person::sign_in,
        )?;
        eprintln!(
            "{:.0} logins a second at {}",
            turn.logins / turn.seconds,
            time(turn.cpu)
        );
        return Ok(());
    }
    let memory = peak_memory(serving.pid())?;
    let (people, cost) = enrol(&place, &server, &serving, &acs)?;
    Row::new("server", "enrolment: CPU of the server", time(cost))
        .note("pages, offer, registration, digits, state")
        .say();
    logins(&place, &serving, &people)?;
    mebibytes("memory of the server, idle at the start", memory).say();
    story(&place, &server, &acs)
}

fn enrol(
    place: &Place,
    server: &Server,
    serving: &Running,
    acs: &str,
) -> Result<(Vec<Mutex<Person>>, f64)> {
    let before = cpu(serving.pid())?;
    let people: Result<Vec<_>> = (0..PEOPLE)
        .map(|n| Ok(Mutex::new(Person::enrol(place, server, acs, n)?)))
        .collect();
    Ok((people?, (cpu(serving.pid())? - before) / PEOPLE as f64))
}

/// A turn of everybody.
struct Turn {
    logins: f64,
    seconds: f64,
    /// Seconds of the measured process and of the driver, a login.
    cpu: f64,
    driver: f64,
}

fn turn<T: Send>(
    people: &[Mutex<T>],
    pid: u32,
    length: Duration,
    sign_in: impl Fn(&mut T) -> Result<()> + Sync,
) -> Result<Turn> {
    let (before, driver) = (cpu(pid)?, cpu(std::process::id())?);
    let begin = Instant::now();
    let work = |person: &Mutex<T>| -> Result<usize> {
        let mut person = person.lock().map_err(|_| "somebody failed")?;
        let mut logins = 0;
        while begin.elapsed() < length {
            sign_in(&mut person)?;
            logins += 1;
        }
        Ok(logins)
    };
    let done: Result<Vec<usize>> = thread::scope(|scope| {
        let running: Vec<_> = people
            .iter()
            .map(|person| scope.spawn(|| work(person)))
            .collect();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread.join().map_err(|_| "a thread failed")?
        };
        running.into_iter().map(join).collect()
    });
    let (logins, seconds) = (
        done?.into_iter().sum::<usize>() as f64,
        begin.elapsed().as_secs_f64(),
    );
    Ok(Turn {
        logins,
        seconds,
        cpu: (cpu(pid)? - before) / logins,
        driver: (cpu(std::process::id())? - driver) / logins,
    })
}

fn logins(place: &Place, serving: &Running, people: &[Mutex<Person>]) -> Result<()> {
    let (floor, port) = place.floor()?;
    let nobody: Result<Vec<_>> = (0..PEOPLE)
        .map(|_| Ok(Mutex::new(Nobody::new(place, port)?)))
        .collect();
    let nobody = nobody?;
    let short = Duration::from_millis(500);
    turn(people, serving.pid(), short, Person::sign_in)?;
    turn(&nobody, floor.pid(), short, Nobody::sign_in)?;
    let mut turns = Vec::new();
    for _ in 0..ROUNDS {
        turns.push((
            turn(people, serving.pid(), TURN, Person::sign_in)?,
            turn(&nobody, floor.pid(), TURN, Nobody::sign_in)?,
        ));
    }
    let of = |value: fn(&(Turn, Turn)) -> f64| median(turns.iter().map(value).collect());
    let (ours, bare) = (
        of(|(ours, _)| ours.logins / ours.seconds),
        of(|(_, bare)| bare.logins / bare.seconds),
    );
    Row::new(
        "server",
        format!("logins a second, {PEOPLE} at a time, {REQUESTS} requests each"),
        format!("{ours:.0}"),
    )
    .beside(
        format!("floor: {bare:.0}"),
        of(|(ours, bare)| (ours.logins / ours.seconds) / (bare.logins / bare.seconds)),
    )
    .say();
    Row::new(
        "server",
        "CPU of the server, a login",
        time(of(|(ours, _)| ours.cpu)),
    )
    .beside(
        format!("floor: {}", time(of(|(_, bare)| bare.cpu))),
        of(|(ours, bare)| ours.cpu / bare.cpu),
    )
    .at_most(1.5)
    .say();
    Row::new(
        "server",
        "CPU of the driver, a login, on the same cores",
        time(of(|(ours, _)| ours.driver)),
    )
    .say();
    let (ours, bare) = (peak_memory(serving.pid())?, peak_memory(floor.pid())?);
    mebibytes("memory of the server after the load, at most", ours)
        .beside(
            format!("floor: {:.1} MiB", bare as f64 / f64::from(1 << 20)),
            ours as f64 / bare as f64,
        )
        .aim("< 40 MiB", ours < 40 << 20)
        .say();
    check(&people[0], &nobody[0])
}

/// One person at a time: the server's work on the phone's answer, beside the same request at the floor.
fn check(person: &Mutex<Person>, nobody: &Mutex<Nobody>) -> Result<()> {
    let mut person = person.lock().map_err(|_| "somebody failed")?;
    let mut nobody = nobody.lock().map_err(|_| "somebody failed")?;
    let mut work: Vec<Timed<'_>> = vec![
        Box::new(|| nobody.answer()),
        Box::new(|| person.sign_in_timed()),
    ];
    let rounds = in_turns(101, 1, &mut work)?;
    Row::new(
        "server",
        "a phone's answer, over TLS, until its verdict is on disk",
        time(rounds.seconds(1)),
    )
    .beside(
        format!(
            "floor: request, verify, sign, commit ({})",
            time(rounds.seconds(0))
        ),
        rounds.ratio(1, &[0]),
    )
    .at_most(1.3)
    .say();
    Ok(())
}

fn mebibytes(what: &str, bytes: u64) -> Row {
    Row::new(
        "server",
        what,
        format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20)),
    )
}

/// The core's own phone, on its disk, and the time from its approve to the application's page.
fn story(place: &Place, server: &Server, acs: &str) -> Result<()> {
    let account = account(PEOPLE);
    let mut browser = Browser::new(&place.trust, server.port);
    let config = config(Roots::Only(std::fs::read(place.path("tls.crt"))?))?;
    let phone = Authenticator::open(config.clone(), on_disk(&place.path("phone"), &config)?)?;
    let path = server.invite(&account)?;
    let page = browser.open(&path)?;
    let page = browser.fill(&page, &path, &[])?;
    let review = phone.review(&page.invitation()?)?;
    let id = phone.enrol(review)?;
    let Progress::Pending(pending) = phone.proceed(&id, 0)? else {
        return Err("no digits".into());
    };
    type_digits(&mut browser, &page, &pending.digits)?;
    if phone.proceed(&id, 0)? != Progress::Active {
        return Err("the phone is not in use".into());
    }
    let mut times = Vec::new();
    for _ in 0..STORIES {
        times.push(tell(
            &mut browser,
            &phone,
            &id,
            &request(&server.origin(), acs)?,
            &account,
        )?);
    }
    let most = times.iter().copied().fold(0.0, f64::max);
    let middle = median(times);
    Row::new(
        "server",
        "approve on the phone to the application's page",
        time(middle),
    )
    .note(format!(
        "at most {}; sled, key files, TLS; the application checks nothing",
        time(most)
    ))
    .aim("< 300 ms", most < 0.3)
    .say();
    Ok(())
}

fn tell(
    browser: &mut Browser,
    phone: &Authenticator,
    id: &Id,
    request: &str,
    account: &str,
) -> Result<f64> {
    browser.forget();
    let page = begin(browser, request, account)?;
    let prompts = phone.poll(id, 5)?.prompts;
    let prompt = prompts.last().ok_or("nothing is asked")?.id;
    let number = Some(page.number()?.to_owned());
    thread::scope(|scope| {
        let watching = scope.spawn(|| watch(browser, &page.path));
        // The person looks at the phone; meanwhile the page waits.
        thread::sleep(Duration::from_millis(100));
        let tap = Instant::now();
        let sent = phone.decide(&prompt, &Answer::Approve { number, pin: None })?;
        let signed_in = watching.join().map_err(|_| "the browser failed")??;
        match sent {
            Sent::Verdict(verdict) if verdict.accepted => Ok((signed_in - tap).as_secs_f64()),
            _ => Err("the approval was not accepted".into()),
        }
    })
}

/// As the page's script does, until the application says that somebody is signed in.
fn watch(browser: &mut Browser, path: &str) -> Result<Instant> {
    let mut phase = "told".to_owned();
    while matches!(phase.as_str(), "told" | "seen" | "unreached") {
        let reply = browser.once("GET", &format!("{path}/wait?phase={phase}"), "")?;
        if reply.status == 200 {
            phase = reply.body;
        }
    }
    let page = browser.open(path)?;
    let form = format!("SAMLResponse={}", percent(page.hidden("SAMLResponse")?));
    let action = page
        .reply
        .body
        .split("action=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let address = action
        .and_then(|url| url.strip_prefix("http://"))
        .ok_or("no address")?;
    let (host, path) = address.split_once('/').ok_or("no address")?;
    let mut socket = TcpStream::connect(host)?;
    write!(
        socket,
        "POST /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {}\r\n\r\n{form}",
        form.len()
    )?;
    http::read(&mut socket)?.expect(200)?;
    Ok(Instant::now())
}

/// An application that believes everybody; gives its address.
fn application() -> Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = format!("http://{}/acs", listener.local_addr()?);
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            // The browser reports what goes wrong.
            let _ = welcome(socket);
        }
    });
    Ok(address)
}

fn welcome(mut socket: TcpStream) -> Result<()> {
    let (mut text, mut chunk) = (String::new(), [0; 16 * 1024]);
    loop {
        let n = socket.read(&mut chunk)?;
        text.push_str(std::str::from_utf8(&chunk[..n])?);
        let length = text
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.split('\r').next());
        let whole = match (length, text.split_once("\r\n\r\n")) {
            (Some(length), Some((_, body))) => body.len() >= length.parse()?,
            _ => false,
        };
        if whole || n == 0 {
            break;
        }
    }
    let page = "<!doctype html><title>Wiki</title>You are signed in.";
    write!(
        socket,
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{page}",
        page.len()
    )?;
    Ok(())
}
