package restore

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"etcdkit/internal/output"
)

// memberDir is the subdirectory by which a server recognizes a data directory.
const memberDir = "member"

// places are the directories to make.
type places struct {
	dataDir string
	walDir  string // final place of the WAL
	inside  string // its path below dataDir, or "" if it is built apart
	base    string // the directory to make, dataDir or the directory "member" in it
	kept    string // the entry of base that leads to a WAL directory that exists, such as a mount point
	member  string // the directory "member" below base
}

// places fills in the paths that are not given.
func (c *Config) places() places {
	p := places{dataDir: c.DataDir, walDir: c.WALDir, member: memberDir}
	if p.dataDir == "" {
		p.dataDir = c.Name + ".etcd"
	}
	p.base = p.dataDir
	if p.walDir == "" {
		p.walDir = filepath.Join(p.dataDir, memberDir, "wal")
	}
	return p
}

// check checks that the directories to be made do not exist, and that the WAL's
// directory does not contain the data directory.
func (p *places) check() (err error) {
	if p.inside, err = below(p.dataDir, p.walDir); err != nil {
		return err
	}
	names, err := os.ReadDir(p.dataDir)
	if p.walExists(names) {
		p.apart()
		return nil
	}
	if !output.Vacant(names) || (err != nil && !errors.Is(err, os.ErrNotExist)) {
		taken := &takenError{what: fmt.Sprintf("data-dir %q not empty or could not be read", p.dataDir)}
		top, _, _ := strings.Cut(p.inside, string(filepath.Separator))
		if len(names) == 1 && names[0].Name() == top && top != memberDir && holdsWAL(p.walDir) {
			taken.left = []string{filepath.Join(p.dataDir, top)}
		}
		return taken
	}
	if names, err := os.ReadDir(p.walDir); !errors.Is(err, os.ErrNotExist) && (err != nil || !output.Vacant(names)) {
		taken := &takenError{what: fmt.Sprintf("wal-dir %q exists", p.walDir)}
		if holdsWAL(p.walDir) {
			taken.left = []string{p.walDir}
		}
		return taken
	}
	if above, err := below(p.walDir, p.dataDir); err != nil || above != "" {
		return errors.Join(fmt.Errorf("wal-dir %q contains data-dir %q", p.walDir, p.dataDir), err)
	}
	snap := filepath.Join(memberDir, "snap")
	if p.inside == memberDir || p.inside == snap || strings.HasPrefix(p.inside, snap+string(filepath.Separator)) {
		return fmt.Errorf("wal-dir %q is in the way of %q", p.walDir, filepath.Join(p.dataDir, snap))
	}
	return nil
}

// walExists reports whether the data directory, with these entries, holds nothing
// but an empty WAL directory.
func (p *places) walExists(entries []os.DirEntry) bool {
	if p.inside == "" || p.inside == "." {
		return false
	}
	parts, dir := strings.Split(p.inside, string(filepath.Separator)), p.dataDir
	for i, part := range parts {
		isPart := func(e os.DirEntry) bool { return e.Name() == part }
		if !slices.ContainsFunc(entries, isPart) || !output.VacantBut(entries, part) || i == 1 && part == "snap" && parts[0] == memberDir {
			return false
		}
		var err error
		if entries, err = os.ReadDir(filepath.Join(dir, part)); err != nil {
			return false
		}
		dir = filepath.Join(dir, part)
	}
	return output.Vacant(entries)
}

// apart makes the WAL a directory to build by itself, although it is in the data
// directory. If it is in the directory "member", that one exists and is filled.
func (p *places) apart() {
	parts := strings.Split(p.inside, string(filepath.Separator))
	p.inside, p.kept = "", parts[0]
	if parts[0] == memberDir && len(parts) > 1 {
		p.base, p.member, p.kept = filepath.Join(p.dataDir, memberDir), "", parts[1]
	}
}

// below returns the path of target below base, "." if they are the same, "" if
// it is elsewhere.
func below(base, target string) (string, error) {
	absBase, err := filepath.Abs(base)
	if err != nil {
		return "", err
	}
	absTarget, err := filepath.Abs(target)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(absBase, absTarget)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return "", nil //nolint:nilerror // on another volume: not below
	}
	return rel, nil
}

// outputs are the directories under construction, of a restore or a backup.
type outputs struct {
	places places
	data   *output.Dir
	walDir *output.Dir // nil where the WAL is in data
}

func (c *Config) makeDirs() (_ *outputs, err error) {
	o := &outputs{places: c.places()}
	for _, dir := range []string{o.places.dataDir, filepath.Join(o.places.dataDir, memberDir), o.places.walDir} {
		if err := output.Sweep(dir); err != nil {
			return nil, err
		}
	}
	if err := o.places.check(); err != nil {
		return nil, err
	}
	return o, o.start(cmp.Or(o.places.member, "snap"))
}

// start makes the directories in which to build. The entry last of data is
// published after all others. After an error none of them is left.
func (o *outputs) start(last string) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, o.abort())
		}
	}()
	if o.data, err = output.NewDirBeside(o.places.base, o.places.kept); err != nil {
		return err
	}
	o.data.Last = last
	if o.places.inside == "" {
		if o.walDir, err = output.NewDir(o.places.walDir); err != nil {
			return err
		}
	}
	if err = os.MkdirAll(o.snap(), 0o700); err != nil {
		return err
	}
	return os.MkdirAll(filepath.Dir(o.wal()), 0o700)
}

// snap is where to build the directory of the backend and the raft snapshot.
func (o *outputs) snap() string { return filepath.Join(o.data.Path(), o.places.member, "snap") }

// wal is where to build the WAL. One outside of the data directory is built a
// level too low, because etcd wants to make the directory itself.
func (o *outputs) wal() string {
	if o.walDir == nil {
		return filepath.Join(o.data.Path(), o.places.inside)
	}
	return filepath.Join(o.walDir.Path(), "wal")
}

// commit publishes all of them, the WAL of a member before its data directory:
// one without a WAL would start as an empty member.
func commit(all ...*outputs) error {
	var dirs []*output.Dir
	for _, o := range all {
		if o.walDir != nil {
			if err := moveUp(o.wal()); err != nil {
				return err
			}
			dirs = append(dirs, o.walDir)
		}
		dirs = append(dirs, o.data)
	}
	return output.CommitDirs(dirs...)
}

// moveUp moves the files in dir to its parent, and removes dir.
func moveUp(dir string) error {
	names, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := os.Rename(filepath.Join(dir, n.Name()), filepath.Join(filepath.Dir(dir), n.Name())); err != nil {
			return err
		}
	}
	return os.Remove(dir)
}

func (o *outputs) abort() error {
	var err error
	for _, d := range []*output.Dir{o.walDir, o.data} {
		if d != nil {
			err = errors.Join(err, d.Abort())
		}
	}
	return err
}
