package defrag

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"

	bolt "go.etcd.io/bbolt"

	"etcdkit/internal/output"
	"etcdkit/snapshot"
)

// batches is how many there are, of which one is being written.
const batches = 3

// startEvery is the number of transactions after which the disk is asked to
// start writing their pages. Writing a page that soon changes again is not
// worthwhile.
const startEvery = 16

// errEnded stops the reader after the writer has failed with its own error.
var errEnded = errors.New("nothing more can be written")

// content describes the contents of a database.
type content struct {
	hash    uint32
	records int
}

// rewrite copies the buckets of src to the empty file at path: it reads on
// this goroutine and writes on another.
func rewrite(ctx context.Context, src *snapshot.File, path string) (_ content, err error) {
	o := &bolt.Options{
		PageSize:       src.PageSize(),
		FreelistType:   bolt.FreelistMapType,
		NoFreelistSync: true, // as etcd keeps it
		NoGrowSync:     true, // the file is synced when it is whole
		NoSync:         true,
		NoStatistics:   true,
	}
	if runtime.GOOS != "windows" { // where the file would be made that long
		o.InitialMmapSize = int(src.DataSize()) + 16*batchSize
	}
	db, err := bolt.Open(path, 0o600, o)
	if err != nil {
		return content{}, fmt.Errorf("open %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	file, err := os.Open(path)
	if err != nil {
		return content{}, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	free, ready, ended := make(chan *batch, batches), make(chan *batch), make(chan struct{})
	for range batches - 1 {
		free <- &batch{}
	}
	written := make(chan error, 1)
	go func() {
		err := (&writer{db: db, file: file}).run(ready, free)
		if err != nil {
			close(ended)
		}
		written <- err
	}()
	b := &batcher{now: &batch{}, free: free, ready: ready, ended: ended}
	var c content
	c.hash, c.records, err = src.Visit(ctx, b)
	if err == nil {
		err = b.flush()
	}
	close(ready)
	if writeErr := <-written; writeErr != nil {
		return content{}, writeErr
	}
	return c, err
}

// writer puts batches into a database, the keys of each bucket in their order.
type writer struct {
	db   *bolt.DB
	file *os.File // that of db
	done int      // transactions
	path [][]byte // names of the bucket that is written, from the outermost
	at   *bolt.Bucket
}

// run writes batches as they become ready, until the channel is closed or a
// write fails.
func (w *writer) run(ready <-chan *batch, free chan<- *batch) error {
	for b := range ready {
		if err := w.db.Update(func(tx *bolt.Tx) error { return w.write(tx, b) }); err != nil {
			return err
		}
		if w.done++; w.done%startEvery == 0 {
			output.StartWriting(w.file, 0, 0)
		}
		free <- b
	}
	return nil
}

func (w *writer) write(tx *bolt.Tx, b *batch) error {
	w.seek(tx)
	data := b.data
	for _, s := range b.steps {
		// bbolt keeps a copy of the key, and the value itself until the
		// transaction ends.
		key, value := data[:s.key:s.key], data[s.key:s.key+s.value:s.key+s.value]
		data = data[s.key+s.value:]
		var err error
		switch s.kind {
		case put:
			err = w.at.Put(key, value)
		case enter:
			err = w.enter(tx, string(key))
		case leave:
			w.path = w.path[:len(w.path)-1]
			w.seek(tx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// enter creates the bucket of this name at the writer's position, and enters
// it.
func (w *writer) enter(tx *bolt.Tx, name string) error {
	w.path = append(w.path, []byte(name))
	create := tx.CreateBucket
	if w.at != nil {
		create = w.at.CreateBucket
	}
	b, err := create([]byte(name))
	if err == nil {
		w.set(b)
	}
	return err
}

// set makes b the writer's position. Its keys are written in order, so that
// full pages stay full.
func (w *writer) set(b *bolt.Bucket) {
	b.FillPercent = 1
	w.at = b
}

// seek goes, in a new transaction, to where the last one was.
func (w *writer) seek(tx *bolt.Tx) {
	w.at = nil
	for i, name := range w.path {
		if i == 0 {
			w.set(tx.Bucket(name))
		} else {
			w.set(w.at.Bucket(name))
		}
	}
}
