package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"etcdkit/e2e/refs"
)

// engineRounds is how often each pair runs at most: they take seconds.
const engineRounds = 5

// engineWork is a command on files.
type engineWork struct {
	name   string
	ours   []string // arguments; FILE, COPY and OUT are replaced by paths
	theirs []string // upstream's, where they differ
	target string   // of the wall time
	memory string   // that our program may take, in MiB
	limit  func(limits) (time.Duration, string)
	writes bool
}

func engineWorks() []engineWork {
	return []engineWork{
		{name: "snapshot status", ours: []string{"snapshot", "status", "FILE"}, target: "0.15", memory: "64", limit: sumLimit},
		{name: "hashkv", ours: []string{"hashkv", "FILE"}, theirs: []string{"hashkv", "COPY"}, target: "0.05", memory: "64",
			limit: func(l limits) (time.Duration, string) { return l.read, "read" }},
		{name: "snapshot restore", ours: []string{"snapshot", "restore", "FILE", "--data-dir=OUT"}, target: "0.35", memory: "64", limit: copyLimit, writes: true},
		{name: "defrag", ours: []string{"defrag", "--data-dir=OUT"}, target: "0.50", memory: "128", writes: true,
			limit: func(l limits) (time.Duration, string) { return l.bbolt, "bbolt" }},
		{name: "snapshot verify, to upstream's status", ours: []string{"snapshot", "verify", "FILE"}, theirs: []string{"snapshot", "status", "FILE"},
			target: "0.50", memory: "64", limit: sumLimit},
	}
}

// limits are the times that the machine needs for parts of the work on one
// file.
type limits struct{ read, sum, copied, bbolt time.Duration }

func sumLimit(l limits) (time.Duration, string)  { return l.sum, "sha256" }
func copyLimit(l limits) (time.Duration, string) { return l.copied, "copy, sync, sha256" }

// engine measures the commands on files.
func (b *bench) engine(ctx context.Context, page *bytes.Buffer) error {
	files, err := b.makeSnapshots(ctx)
	if err != nil {
		return err
	}
	rounds := min(b.pairs, engineRounds)
	fmt.Fprintf(page, engineHead, rounds)
	for _, f := range []struct{ name, path string }{
		{fmt.Sprintf("%d keys", fileKeys), files.full},
		{fmt.Sprintf("The same after %d of them were deleted and compacted", deletedKeys), files.holes},
	} {
		if err := b.engineTable(ctx, page, f.name, f.path, rounds); err != nil {
			return err
		}
	}
	_, err = page.WriteString(engineFoot)
	return err
}

func (b *bench) engineTable(ctx context.Context, page *bytes.Buffer, name, path string, rounds int) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	l, err := b.measureLimits(ctx, path, rounds)
	if err != nil {
		return err
	}
	fmt.Fprintf(page, "%s, %d MB:\n\n", name, info.Size()/1e6)
	fmt.Fprintln(page, "| command | wall | target | limit | CPU | memory, MiB | upstream's | target |\n| --- | --- | --- | --- | --- | --- | --- | --- |")
	for _, w := range engineWorks() {
		if w.theirs == nil {
			w.theirs = w.ours
		}
		m, err := inTurns(ctx, rounds,
			b.onFile(refs.Path(b.upstream, "etcdutl"), w, w.theirs, path),
			b.onFile(refs.Path(b.ours, "etcdutl"), w, w.ours, path),
		)
		if err != nil {
			return err
		}
		up, our := m[0], m[1]
		limit, what := w.limit(l)
		fmt.Fprintf(page, "| %s | %s | %s | %s (%s) | %s | %d | %d | %s |\n", w.name, ratio(our.wall, up.wall), w.target,
			ratio(limit, up.wall), what, ratio(our.cpu, up.cpu), our.memory>>20, up.memory>>20, w.memory)
	}
	fmt.Fprintln(page)
	return nil
}

// onFile is a run of one of the programs on a file, with its preparation.
func (b *bench) onFile(program string, w engineWork, args []string, file string) command {
	out, copied := filepath.Join(b.dir, "out"), filepath.Join(b.dir, "copy.db")
	c := command{path: program, watch: true}
	places := strings.NewReplacer("FILE", file, "COPY", copied, "OUT", out)
	for _, arg := range args {
		c.args = append(c.args, places.Replace(arg))
	}
	c.prepare = func() error {
		if err := os.RemoveAll(out); err != nil {
			return err
		}
		if args[len(args)-1] == "COPY" { // upstream's opens the file for writing
			return copySync(copied, file, 0)
		}
		if !w.writes {
			return readAll(io.Discard, file)
		}
		db := filepath.Join(out, "member", "snap", "db")
		if err := os.MkdirAll(filepath.Dir(db), 0o700); err != nil {
			return err
		}
		// Memory that a virtual machine gets from its host on the first write
		// is then available to both programs.
		if err := copySync(db, file, sha256.Size); err != nil || w.name == "defrag" {
			return err
		}
		return os.RemoveAll(out)
	}
	return c
}

// measureLimits returns the median times of the work that any program has to
// do.
func (b *bench) measureLimits(ctx context.Context, path string, rounds int) (limits, error) {
	out := filepath.Join(b.dir, "limit.db")
	defer os.Remove(out)
	var l limits
	for _, one := range []struct {
		took *time.Duration
		run  func() error
	}{
		{&l.read, func() error { return readAll(io.Discard, path) }},
		{&l.sum, func() error { return readAll(sha256.New(), path) }},
		{&l.copied, func() error { return copyHash(out, path) }},
		{&l.bbolt, func() error { return exec.CommandContext(ctx, refs.Path(b.limits, "barebolt"), path, out).Run() }},
	} {
		var all []time.Duration
		for range rounds + 1 { // the first one warms the caches
			if err := os.RemoveAll(out); err != nil {
				return l, err
			}
			start := time.Now()
			if err := one.run(); err != nil {
				return l, err
			}
			all = append(all, time.Since(start))
		}
		*one.took = median(all[1:])
	}
	return l, nil
}

// readAll writes the file to w.
func readAll(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{f}, make([]byte, 256<<10))
	return err
}

// copyHash copies a file down to the disk, and hashes it meanwhile.
func copyHash(to, from string) error {
	hashed := make(chan error, 1)
	go func() { hashed <- readAll(sha256.New(), from) }()
	return errors.Join(copySync(to, from, 0), <-hashed)
}

// copySync copies a file but for its last bytes, down to the disk.
func copySync(to, from string, without int64) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	info, err := src.Stat()
	if err != nil {
		return err
	}
	dst, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.CopyN(dst, src, info.Size()-without)
	return errors.Join(err, dst.Sync(), dst.Close())
}

const engineHead = `
## Files

The programs in turns on the same file, medians of %d runs; of upstream's, the
wall and CPU time are 1. "limit" is what part of the work takes by itself on that
file, in its page cache, with nothing else to do: to read it, to hash it, to
copy and sync it while it is hashed, to write its records with bbolt alone.
Memory is the largest anonymous part of the resident set; pages of the file are
not counted.

`

const engineFoot = `If a limit is above its target, or just below it, the target can't be met.
Upstream's ` + "`status`" + ` does not hash the file; ours does and fails on a wrong sha256.
It takes as long as that hash, because everything else runs in parallel; on a file
that is mostly free pages only the hash counts. ` + "`restore`" + ` copies and hashes, and
then checks every page of the copy on the remaining processors. On two processors,
hashing takes as long as copying and checking in parallel; start-up, members, WAL
and renaming add a few hundredths of upstream's time. ` + "`defrag`" + ` writes with bbolt,
as everything here that writes databases does: it inserts keys one by one on one
processor, which alone takes longer than the target. Reading and checking the old
file run in parallel; the comparison with the new one follows.
`
