package load

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"etcdkit/keyspace/bulk"
	"etcdkit/keyspace/lines"
)

// item is a pair, or the reason why there is none, with the position in the
// input after it.
type item struct {
	pair lines.Pair
	err  error // [lines.Broken]
	at   lines.Position
}

// input reads ahead of who takes the pairs, which may then stop to wait for
// one. Parts have a few pairs each.
type input struct {
	parts chan []item
	err   error // set when parts is closed
}

const partItems = 256

// begin reads the input until its end or that of ctx.
func (l *Load) begin(ctx context.Context, r *lines.Reader) *input {
	in := &input{parts: make(chan []item, 4)}
	go func() {
		defer close(in.parts)
		part := make([]item, 0, partItems)
		send := func() error {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case in.parts <- part:
				part = make([]item, 0, partItems)
				return nil
			}
		}
		err := l.each(r, func(p lines.Pair, broken error) error {
			part = append(part, item{p, broken, r.Position()})
			if len(part) < partItems && broken == nil && r.More() {
				return nil
			}
			return send()
		})
		if len(part) > 0 {
			err = errors.Join(send(), err)
		}
		in.err = err
	}()
	return in
}

// next returns the next part, nil at the end. It returns when ctx ends even if
// reading the input blocks, as on a pipe without a writer.
func (in *input) next(ctx context.Context) ([]item, error) {
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case part, ok := <-in.parts:
		if !ok {
			return nil, in.err
		}
		return part, nil
	}
}

// write commits the pairs of the input.
func (l *Load) write(ctx context.Context, c *bulk.Committer) error {
	reading, stop := context.WithCancel(ctx)
	defer stop()
	r, err := l.Open()
	if err != nil {
		return err
	}
	done, err := l.resume.skip(r)
	if err != nil {
		return err
	}
	if done > 0 {
		l.note("Going on after %s %d", l.Unit, done)
		l.total = max(0, l.total-done)
	}
	var at lines.Position // all up to there has been added
	w := bulk.NewOrderedWriter(ctx, c, inFlight, func() func() {
		upTo := at
		return func() { l.resume.reached(upTo) }
	})
	err = l.add(ctx, w, l.begin(reading, r), &at)
	if failed := w.Close(); failed != nil {
		return failed
	}
	return err
}

// add hands the pairs to the writer.
func (l *Load) add(ctx context.Context, w *bulk.Writer, in *input, at *lines.Position) error {
	for {
		part, err := in.next(ctx)
		if part == nil || err != nil {
			return err
		}
		for _, one := range part {
			l.read++
			if one.err != nil {
				l.broken++
				if !l.KeepGoing {
					return fmt.Errorf("%w; nothing from there on was written", one.err)
				}
				l.complain(one.err)
			} else if err := w.Add(l.change(one)); err != nil {
				return err
			}
			*at = one.at
		}
	}
}

func (l *Load) change(one item) bulk.Change {
	lease := l.Lease
	if lease == 0 {
		lease = l.leases.id(one.pair)
	}
	return bulk.Put(one.pair.Key, one.pair.Value, lease).From(one.at.Lines)
}

func denied(err error) bool { return errors.Is(err, rpctypes.ErrPermissionDenied) }
