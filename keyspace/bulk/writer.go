package bulk

import (
	"context"
	"sync"
)

// Writer packs changes into transactions and keeps several of them under way.
// It holds no more than what is under way and one batch. It is for one
// goroutine, which has to close it.
type Writer struct {
	ctx    context.Context // ends with an error as well
	cancel context.CancelCauseFunc
	batch  *Batch
	full   chan job
	done   sync.WaitGroup
	order  *order // nil where there is none
}

// job is what one transaction is to hold.
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

// NewOrderedWriter returns a writer whose changes may be of one key: they are
// made in the order in which they are added. mark is called whenever a batch is
// complete, and what it returns when that batch and all before it have been
// committed; both may be nil.
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

// Close commits what is left, waits for what is under way, and returns the
// first error there was. After the end of the writer's context it sends nothing
// more and returns the cause of that end.
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
