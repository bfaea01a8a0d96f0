package bulk

import (
	"context"
	"sync"
)

// Writer packs changes into transactions and keeps several of them under way.
// It holds in memory only those and one batch. It must not be used
// concurrently, and its user must close it.
type Writer struct {
	ctx    context.Context // ends with an error as well
	cancel context.CancelCauseFunc
	batch  *Batch
	full   chan job
	done   sync.WaitGroup
	order  *order // may be nil
}

// job is the contents of one transaction.
type job struct {
	changes []Change
	number  int64
}

// NewWriter returns a writer that commits through c until ctx ends, with so
// many transactions under way at a time, so in no particular order: no two
// changes may be of one key.
func NewWriter(ctx context.Context, c *Committer, inFlight int) *Writer {
	return newWriter(ctx, c, inFlight, nil)
}

// NewOrderedWriter returns a writer that accepts several changes of one key and
// makes them in the order in which they are added. It calls mark whenever a
// batch is complete, and calls the function that mark returned when that batch
// and all earlier ones are committed. Both functions may be nil.
func NewOrderedWriter(ctx context.Context, c *Committer, inFlight int, mark func() func()) *Writer {
	return newWriter(ctx, c, inFlight, newOrder(mark))
}

func newWriter(ctx context.Context, c *Committer, inFlight int, o *order) *Writer {
	w := &Writer{batch: c.Batch(), full: make(chan job), order: o}
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	for range inFlight {
		w.done.Go(func() {
			for j := range w.full {
				err := c.Commit(w.ctx, j.changes)
				if err != nil {
					w.cancel(err)
				}
				if w.order != nil {
					w.order.finish(j, err)
				}
			}
		})
	}
	return w
}

// Add takes changes that go into one transaction if they fit there. It waits
// where enough is under way. The error may be that of earlier changes.
func (w *Writer) Add(changes ...Change) error {
	if w.batch.Add(changes...) {
		return context.Cause(w.ctx)
	}
	if err := w.send(); err != nil {
		return err
	}
	w.batch.Add(changes...)
	return nil
}

func (w *Writer) send() error {
	if w.batch.Len() == 0 {
		return nil
	}
	j := job{changes: w.batch.Take()}
	if w.order != nil {
		j.number = w.order.begin(j.changes)
	}
	select {
	case <-w.ctx.Done():
		if w.order != nil {
			w.order.finish(j, context.Cause(w.ctx))
		}
		return context.Cause(w.ctx)
	case w.full <- j:
		return nil
	}
}

// Close commits the remaining changes, waits for the transactions under way,
// and returns the first error. After the writer's context has ended it sends
// nothing more and returns the cause of that end.
func (w *Writer) Close() error {
	defer w.cancel(nil)
	_ = w.send() // its error is the context's cause
	close(w.full)
	w.done.Wait()
	if w.ctx.Err() != nil {
		return context.Cause(w.ctx)
	}
	return nil
}
