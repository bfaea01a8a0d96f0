package defrag

// batchSize is how much is written in one transaction, in bytes of keys and
// values. In larger ones bbolt searches longer for the place of each key.
const batchSize = 2 << 20

// batch is the contents of one transaction.
type batch struct {
	data  []byte // keys and values
	steps []step
}

type step struct {
	kind       stepKind
	key, value int // lengths of the items in data
}

type stepKind int

const (
	put stepKind = iota
	enter
	leave
)

func (b *batch) add(kind stepKind, key, value []byte) {
	b.data = append(append(b.data, key...), value...)
	b.steps = append(b.steps, step{kind, len(key), len(value)})
}

// batcher is the visitor that fills batches, of which one is written while the
// next one is read.
type batcher struct {
	now   *batch
	free  <-chan *batch // those that have been written
	ready chan<- *batch
	ended <-chan struct{} // the writer has failed
}

func (b *batcher) Enter(name string) error { return b.add(enter, []byte(name), nil) }

func (b *batcher) Put(key, value []byte) error { return b.add(put, key, value) }

func (b *batcher) Leave() error { return b.add(leave, nil, nil) }

func (b *batcher) add(kind stepKind, key, value []byte) error {
	if len(b.now.data) > 0 && len(b.now.data)+len(key)+len(value) > batchSize {
		if err := b.flush(); err != nil {
			return err
		}
	}
	b.now.add(kind, key, value)
	return nil
}

// flush hands the batch over and takes another one.
func (b *batcher) flush() error {
	select {
	case b.ready <- b.now:
	case <-b.ended:
		return errEnded
	}
	select {
	case b.now = <-b.free:
	case <-b.ended:
		return errEnded
	}
	b.now.data, b.now.steps = b.now.data[:0], b.now.steps[:0]
	return nil
}
