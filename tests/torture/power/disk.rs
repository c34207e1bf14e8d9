//! A disk rebuilt from what a program asked for: what is on it for certain, and what waits.
//!
//! A folder's entries are data of the folder: a name that was made, changed or removed is on the disk for certain once
//! the folder was synced, not the file. That is what POSIX promises; some file systems do more.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use fastrand::Rng;

/// What of all that was not synced is on the disk after the cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Model {
    /// Names, but no data: a file that was not synced is as it was, or empty.
    Nothing,
    /// Any sectors of 512 bytes, and the names up to any moment.
    Sectors,
    /// All of it.
    Everything,
    /// All data, but no names.
    OldNames,
}

impl Model {
    pub(super) const ALL: [Self; 4] = [
        Self::Nothing,
        Self::Sectors,
        Self::Everything,
        Self::OldNames,
    ];
}

const SECTOR: usize = 512;

/// What is under each name after the cut: the content of a file, or `None` for a folder.
pub(super) type Image = BTreeMap<PathBuf, Option<Vec<u8>>>;

#[derive(Clone, Debug)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
}

#[derive(Default)]
struct File {
    durable: Vec<u8>,
    /// With the time at which each was done.
    waiting: Vec<(u64, Change)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    File(usize),
    Folder,
}

type Names = BTreeMap<PathBuf, Node>;

/// What one call does to the names in a folder: all of it at once.
type Renaming = Vec<(PathBuf, Option<Node>)>;

#[derive(Default)]
struct Folder {
    durable: Names,
    waiting: Vec<(u64, Renaming)>,
}

impl Folder {
    fn names(&self, waiting: usize) -> Names {
        let mut names = self.durable.clone();
        let done = self.waiting[..waiting].iter();
        for (name, node) in done.flat_map(|(_, renaming)| renaming) {
            match node {
                Some(node) => names.insert(name.clone(), *node),
                None => names.remove(name),
            };
        }
        names
    }
}

/// The folder of a program's files and all in it. Every path is absolute, as the program knew it.
pub(super) struct Disk {
    root: PathBuf,
    files: Vec<File>,
    folders: BTreeMap<PathBuf, Folder>,
    /// Whether a sync does what it says. The control says no.
    pub(super) heeds_syncs: bool,
    /// The time of what is done next.
    pub(super) now: u64,
}

impl Disk {
    /// Returns the disk with what is in `before`, all of it certain, as if it were in `root`.
    pub(super) fn of(before: &Path, root: &Path) -> Self {
        let mut disk = Self {
            root: root.to_owned(),
            files: Vec::new(),
            folders: BTreeMap::new(),
            heeds_syncs: true,
            now: 0,
        };
        disk.read(before, root);
        disk
    }

    fn read(&mut self, from: &Path, folder: &Path) {
        let mut names = Names::new();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let (from, path) = (entry.path(), folder.join(entry.file_name()));
            let node = if from.is_dir() {
                self.read(&from, &path);
                Node::Folder
            } else {
                let durable = if means_something(&path) {
                    fs::read(&from).unwrap()
                } else {
                    Vec::new()
                };
                self.new_file(durable)
            };
            names.insert(path, node);
        }
        let folder = self.folders.entry(folder.to_owned()).or_default();
        folder.durable = names;
    }

    fn new_file(&mut self, durable: Vec<u8>) -> Node {
        self.files.push(File {
            durable,
            waiting: Vec::new(),
        });
        Node::File(self.files.len() - 1)
    }

    fn node(&self, path: &Path) -> Option<Node> {
        let folder = self.folders.get(path.parent()?)?;
        // The last word on the name.
        let waiting = folder.waiting.iter().rev();
        let mut said = waiting.flat_map(|(_, renaming)| renaming.iter().rev());
        match said.find(|(name, _)| name == path) {
            Some((_, node)) => *node,
            None => folder.durable.get(path).copied(),
        }
    }

    fn rename_in(&mut self, folder: &Path, renaming: Renaming) {
        let now = self.now;
        if let Some(folder) = self.folders.get_mut(folder) {
            folder.waiting.push((now, renaming));
        }
    }

    fn file(&mut self, path: &Path) -> Option<&mut File> {
        match self.node(path)? {
            Node::File(number) => self.files.get_mut(number),
            Node::Folder => None,
        }
    }

    /// Opens a file that may be made by that. Returns whether the path is on this disk.
    pub(super) fn open(&mut self, path: &Path, may_create: bool, is_emptied: bool) {
        let folder = path.parent().unwrap_or(path).to_owned();
        if self.node(path).is_none() && may_create && self.folders.contains_key(&folder) {
            let node = self.new_file(Vec::new());
            self.rename_in(&folder, vec![(path.to_owned(), Some(node))]);
        } else if is_emptied {
            self.set_length(path, 0);
        }
    }

    pub(super) fn write(&mut self, path: &Path, at: usize, bytes: Vec<u8>) {
        let now = self.now;
        if means_something(path)
            && let Some(file) = self.file(path)
        {
            file.waiting.push((now, Change::Write { at, bytes }));
        }
    }

    pub(super) fn set_length(&mut self, path: &Path, length: usize) {
        let now = self.now;
        if let Some(file) = self.file(path) {
            file.waiting.push((now, Change::Length(length)));
        }
    }

    /// Takes for certain what had been done to a file or a folder when a sync of it `began`.
    pub(super) fn sync(&mut self, path: &Path, began: u64) {
        if !self.heeds_syncs {
            return;
        }
        if let Some(folder) = self.folders.get_mut(path) {
            let done = done_by(&folder.waiting, began);
            folder.durable = folder.names(done);
            folder.waiting.drain(..done);
        } else if let Some(file) = self.file(path) {
            let done = done_by(&file.waiting, began);
            for (_, change) in file.waiting.drain(..done).collect::<Vec<_>>() {
                apply(&mut file.durable, &change);
            }
        }
    }

    /// Loses what had been written to a file when a sync of it `began` that failed: the system takes the pages for
    /// written. The names of a folder, and lengths, are kept in a journal, which does not give up.
    pub(super) fn fail_to_sync(&mut self, path: &Path, began: u64) {
        if let Some(file) = self.file(path) {
            let is_kept =
                |(at, change): &(u64, Change)| *at > began || matches!(change, Change::Length(_));
            file.waiting.retain(is_kept);
        }
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) {
        let Some(node) = self.node(from) else { return };
        let (old, new) = (from.parent().unwrap(), to.parent().unwrap());
        let (gone, come) = ((from.to_owned(), None), (to.to_owned(), Some(node)));
        if old == new {
            self.rename_in(old, vec![gone, come]);
        } else {
            self.rename_in(new, vec![come]);
            self.rename_in(old, vec![gone]);
        }
    }

    pub(super) fn link(&mut self, from: &Path, to: &Path) {
        if let Some(node) = self.node(from) {
            self.rename_in(to.parent().unwrap(), vec![(to.to_owned(), Some(node))]);
        }
    }

    pub(super) fn remove(&mut self, path: &Path) {
        self.rename_in(path.parent().unwrap(), vec![(path.to_owned(), None)]);
    }

    pub(super) fn make_folder(&mut self, path: &Path) {
        self.folders.insert(path.to_owned(), Folder::default());
        let made = (path.to_owned(), Some(Node::Folder));
        self.rename_in(path.parent().unwrap(), vec![made]);
    }

    /// Returns what is there after a cut, by names from the root on.
    pub(super) fn image(&self, model: Model, random: &mut Rng) -> Image {
        let mut image = Image::new();
        self.image_of(&self.root, model, random, &mut image);
        image
    }

    fn image_of(&self, path: &Path, model: Model, random: &mut Rng, image: &mut Image) {
        let Some(folder) = self.folders.get(path) else {
            return;
        };
        let waiting = match model {
            Model::Nothing | Model::Everything => folder.waiting.len(),
            Model::Sectors => random.usize(..=folder.waiting.len()),
            Model::OldNames => 0,
        };
        for (name, node) in folder.names(waiting) {
            let from_root = name.strip_prefix(&self.root).unwrap().to_owned();
            // It does not outlive the system.
            if name.to_string_lossy().ends_with("-shm") {
                continue;
            }
            match node {
                Node::Folder => {
                    image.insert(from_root, None);
                    self.image_of(&name, model, random, image);
                }
                Node::File(number) => {
                    let content = content(&self.files[number], model, random);
                    image.insert(from_root, Some(content));
                }
            }
        }
    }
}

fn done_by<T>(waiting: &[(u64, T)], moment: u64) -> usize {
    waiting.partition_point(|(at, _)| *at <= moment)
}

/// The ballast is 4 MB of nothing.
fn means_something(path: &Path) -> bool {
    !path.to_string_lossy().ends_with(".ballast")
}

fn content(file: &File, model: Model, random: &mut Rng) -> Vec<u8> {
    let mut content = file.durable.clone();
    for (_, change) in &file.waiting {
        match (model, change) {
            (Model::Nothing, _) => {}
            (Model::Sectors, Change::Write { at, bytes }) => {
                write_sectors(&mut content, *at, bytes, random);
            }
            (Model::Sectors, Change::Length(_)) if random.bool() => {}
            _ => apply(&mut content, change),
        }
    }
    content
}

/// Writes some of the sectors.
fn write_sectors(content: &mut Vec<u8>, at: usize, bytes: &[u8], random: &mut Rng) {
    let mut from = 0;
    while from < bytes.len() {
        let to = bytes.len().min(from + SECTOR - (at + from) % SECTOR);
        if random.bool() {
            apply(
                content,
                &Change::Write {
                    at: at + from,
                    bytes: bytes[from..to].to_vec(),
                },
            );
        }
        from = to;
    }
}

fn apply(content: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Length(length) => content.resize(*length, 0),
        Change::Write { at, bytes } => {
            if content.len() < at + bytes.len() {
                content.resize(at + bytes.len(), 0);
            }
            content[*at..at + bytes.len()].copy_from_slice(bytes);
        }
    }
}
