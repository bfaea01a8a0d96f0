package output

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"etcdkit/internal/lock"
)

// tmpMark is part of the name of every directory under construction.
const tmpMark = ".part-"

// lostFound is the directory that some file systems keep at their root.
const lostFound = "lost+found"

// Dir is a directory on its way to a path. It is built in Path: beside the
// final place if that does not exist; inside it if it is an empty directory,
// which may be a mount point and keeps its owner and mode.
type Dir struct {
	// Last is the entry that makes the others valid. In a directory that
	// exists, it appears after all others.
	Last string

	path   string
	kept   string // an entry of path that was there before
	tmp    string
	inside bool
	lock   *os.File // open and locked while tmp is under construction
	made   string   // topmost parent that NewDir made, or ""
}

// NewDir starts a directory for path, which must not exist or be empty; the
// directories above it are made. The caller ends it with CommitDirs or Abort.
func NewDir(path string) (*Dir, error) { return NewDirBeside(path, "") }

// NewDirBeside is NewDir for a directory that may have the entry kept, which stays
// as it is.
func NewDirBeside(path, kept string) (_ *Dir, err error) {
	d := &Dir{path: filepath.Clean(path), kept: kept}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Abort())
		}
	}()
	parent, prefix := filepath.Dir(d.path), "."+filepath.Base(d.path)
	switch names, err := os.ReadDir(d.path); {
	case errors.Is(err, os.ErrNotExist):
		if target, err := os.Readlink(d.path); err == nil {
			return nil, fmt.Errorf("%s is a symbolic link to %s, which does not exist: make that directory first", d.path, target)
		}
		if d.made, err = makeAll(parent); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	case !Vacant(without(names, kept)):
		return nil, &fs.PathError{Op: "write", Path: d.path, Err: errors.New("directory not empty")}
	default:
		d.inside = true
		parent, prefix = d.path, ""
	}
	if d.tmp, err = os.MkdirTemp(parent, prefix+tmpMark+"*"); err != nil {
		return nil, err
	}
	if d.lock, err = os.Open(d.tmp); err != nil {
		return nil, err
	}
	_ = lock.Try(d.lock) // where locks do not work, leftovers are not swept
	return d, nil
}

// Path is where to build.
func (d *Dir) Path() string { return d.tmp }

// CommitDirs syncs all that was built and gives the directories their names,
// in the order given. If one fails, those before it are taken back; the caller
// still has to Abort all of them.
func CommitDirs(dirs ...*Dir) error {
	for _, d := range dirs {
		if err := syncTree(d.tmp); err != nil {
			return err
		}
	}
	for i, d := range dirs {
		if err := d.publish(); err != nil {
			for _, done := range dirs[:i] {
				err = errors.Join(err, done.retract())
			}
			return err
		}
	}
	for _, d := range dirs {
		d.tmp, d.made = "", ""
	}
	var err error
	for _, d := range dirs {
		err = errors.Join(err, d.lock.Close())
	}
	return err
}

// Abort removes the new files and the parents that were made for them. After a
// successful CommitDirs it does nothing.
func (d *Dir) Abort() error {
	var err error
	if d.tmp != "" {
		if d.lock != nil { // its descriptor may be the last one there is
			err = d.lock.Close()
		}
		err = errors.Join(err, removeTree(d.tmp))
	}
	if d.made != "" {
		for dir := filepath.Dir(d.path); ; dir = filepath.Dir(dir) {
			// It is kept if another process has put something into it.
			if os.Remove(dir) != nil || dir == d.made {
				break
			}
		}
	}
	d.tmp, d.made = "", ""
	return err
}

// publish renames the new files to their final place.
func (d *Dir) publish() error {
	if !d.inside {
		if err := os.Rename(d.tmp, d.path); err != nil {
			return fmt.Errorf("could not rename %s to %s (%w)", d.tmp, d.path, err)
		}
		if err := SyncDir(filepath.Dir(d.path)); err != nil {
			return errors.Join(err, d.retract())
		}
		return nil
	}
	if err := d.fill(); err != nil {
		return err
	}
	if err := SyncDir(d.path); err != nil {
		return errors.Join(err, d.retract())
	}
	return os.Remove(d.tmp)
}

// retract undoes publish: the final place was empty before.
func (d *Dir) retract() error {
	if !d.inside {
		return os.Rename(d.path, d.tmp)
	}
	if err := os.Mkdir(d.tmp, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	names, err := d.entries(d.path)
	if err != nil {
		return err
	}
	slices.Reverse(names)
	_, err = moveAll(d.path, d.tmp, names)
	return err
}

// fill moves the new files into the existing directory: all of them, or none.
func (d *Dir) fill() error {
	names, err := d.entries(d.tmp)
	if err != nil {
		return err
	}
	done, err := moveAll(d.tmp, d.path, names)
	if err != nil {
		slices.Reverse(done)
		_, backErr := moveAll(d.path, d.tmp, done)
		return errors.Join(err, backErr)
	}
	return nil
}

// entries lists dir in the order in which to publish it, without the directory
// under construction.
func (d *Dir) entries(dir string) ([]string, error) {
	all, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	last := false
	for _, e := range all {
		switch {
		case filepath.Join(dir, e.Name()) == d.tmp, dir == d.path && (e.Name() == lostFound || e.Name() == d.kept):
		case e.Name() == d.Last:
			last = true
		default:
			names = append(names, e.Name())
		}
	}
	if last {
		names = append(names, d.Last)
	}
	return names, nil
}

// moveAll moves entries from one directory to another, and returns those that it
// moved before an error.
func moveAll(from, to string, names []string) (done []string, err error) {
	for i, name := range names {
		if err := rename(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return names[:i], err
		}
	}
	return names, nil
}

// rename refuses to replace, which os.Rename would do with an empty directory.
func rename(src, dst string) error {
	if _, err := os.Lstat(dst); !errors.Is(err, os.ErrNotExist) {
		return errors.Join(&fs.PathError{Op: "rename", Path: dst, Err: os.ErrExist}, err)
	}
	return os.Rename(src, dst)
}

// syncTree syncs every file and directory at and below root.
func syncTree(root string) error {
	return filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir():
			return SyncDir(path)
		case e.Type().IsRegular():
			return SyncFile(path)
		}
		return nil
	})
}

// removeTree is os.RemoveAll for a tree that this process made. It opens one
// directory at a time, and none above the tree: that one may be unreadable, and
// descriptors may be short.
func removeTree(path string) error {
	err := os.Remove(path)
	if err == nil || errors.Is(err, os.ErrNotExist) {
		return nil
	}
	entries, readErr := os.ReadDir(path)
	if readErr != nil {
		return err
	}
	for _, e := range entries {
		if err := removeTree(filepath.Join(path, e.Name())); err != nil {
			return err
		}
	}
	return os.Remove(path)
}

// Vacant reports whether a directory with these entries counts as empty: it has
// none but that of every file system's root, "lost+found", which a mount point
// has.
func Vacant(entries []fs.DirEntry) bool {
	return len(entries) == 0 || (len(entries) == 1 && entries[0].Name() == lostFound && entries[0].IsDir())
}

// VacantBut is Vacant for a directory that may have one more entry.
func VacantBut(entries []fs.DirEntry, kept string) bool { return Vacant(without(entries, kept)) }

func without(entries []fs.DirEntry, name string) []fs.DirEntry {
	return slices.DeleteFunc(slices.Clone(entries), func(e fs.DirEntry) bool { return e.Name() == name })
}

// makeAll makes dir and the directories above it, for the owner alone, and
// returns the topmost one that was missing.
func makeAll(dir string) (made string, err error) {
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); !errors.Is(err, os.ErrNotExist) || at == filepath.Dir(at) {
			break
		}
		made = at
	}
	return made, os.MkdirAll(dir, 0o700)
}
