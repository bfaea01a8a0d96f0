package transfer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"time"
)

// resume notes in a file how far a run has come. The nil resume notes nothing.
// It is for one goroutine.
type resume struct {
	path string
	from state // what an interrupted run has left
	now  state
	next time.Time // when it is written again
	err  error     // of a write that failed
}

// state is what the file holds: of which copy it is, and that all keys up to
// Key have been dealt with as they were at Index.
type state struct {
	Cluster string `json:"cluster"`
	From    string `json:"prefix"`
	To      string `json:"dest_prefix"`
	Index   uint64 `json:"index"`
	Key     string `json:"key"`
}

// resumePause is how much of a run may have to be looked at again after a crash.
const resumePause = time.Second

// openResume reads the file, if there is one, for a copy of the tree.
func openResume(path string, n Names, tree *Tree) (*resume, error) {
	r := &resume{path: path, now: state{Cluster: tree.Cluster, From: n.From, To: n.To, Index: tree.Index}}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		r.write() // which shows whether it can be
		return r, r.err
	}
	if err != nil {
		return nil, fmt.Errorf("read the resume file: %w", err)
	}
	if err := json.Unmarshal(b, &r.from); err != nil {
		return nil, fmt.Errorf("%s is no resume file: %w", path, err)
	}
	if f := r.from; f.Cluster != tree.Cluster || f.From != n.From || f.To != n.To || f.Index > tree.Index {
		return nil, fmt.Errorf("%s is of another copy: delete it to begin anew", path)
	}
	r.now.Key = r.from.Key
	return r, nil
}

// left returns the pairs that have to be dealt with: those behind the last one
// of the interrupted run, and those that have changed since that had read them.
func (r *resume) left(pairs []Pair) []Pair {
	behind := sort.Search(len(pairs), func(i int) bool { return pairs[i].From > r.from.Key })
	var left []Pair
	for _, p := range pairs[:behind] {
		if p.Modified > r.from.Index {
			left = append(left, p)
		}
	}
	return append(left, pairs[behind:]...)
}

// reached says that all up to a pair have been dealt with. What has changed
// since the interrupted run comes first and is nothing new in that sense.
func (r *resume) reached(last Pair) {
	if r == nil || last.From <= r.from.Key {
		return
	}
	r.now.Key = last.From
	if now := time.Now(); now.After(r.next) {
		r.next = now.Add(resumePause)
		r.write()
	}
}

// end leaves the file as the end of a run calls for: none where it has come to
// its end, and else as it was, or with how far it has come.
func (r *resume) end(complete bool) error {
	switch {
	case r == nil:
		return nil
	case complete:
		return os.Remove(r.path)
	case r.now.Key != r.from.Key:
		r.write()
	}
	return r.err
}

// write replaces the file.
func (r *resume) write() {
	b, err := json.Marshal(r.now)
	if err == nil {
		err = replace(r.path, append(b, '\n'))
	}
	if err != nil {
		r.err = fmt.Errorf("write the resume file: %w", err)
	}
}

// replace gives a file another content, wholly or not at all.
func replace(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
