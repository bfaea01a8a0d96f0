package bulk

import (
	"context"
	"sync"
)

// Writer packs changes into transactions and keeps several of them under way,
// so in no particular order: no two changes may be of one key. It holds no more
// than what is under way and one batch. It is for one goroutine, which has to
// close it.
type Writer struct {
	ctx    context.Context // ends with an error as well
	cancel context.CancelCauseFunc
	batch  *Batch
	full   chan []Change
	done   sync.WaitGroup
}

// NewWriter returns a writer that commits through c until ctx ends, with so
// many transactions under way at a time.
func NewWriter(ctx context.Context, c *Committer, inFlight int) *Writer {
	w := &Writer{batch: c.Batch(), full: make(chan []Change)}
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	for range inFlight {
		w.done.Go(func() {
			for changes := range w.full {
				if err := c.Commit(w.ctx, changes); err != nil {
					w.cancel(err)
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
	select {
	case <-w.ctx.Done():
		return context.Cause(w.ctx)
	case w.full <- w.batch.Take():
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
