package bulk

import "sync"

// order keeps the changes of one key in order while several transactions are
// under way, and knows up to which batch all are committed. Its size is
// proportional to the transactions under way. It is safe for concurrent use.
type order struct {
	mark func() func()

	mu      sync.Mutex
	change  *sync.Cond
	busy    map[string]struct{} // keys of the transactions under way
	begun   int64               // batches
	settled int64               // all before this batch have been committed
	marks   map[int64]func()    // of batches that are not settled
	ended   map[int64]bool      // batches that were committed, but are not settled
}

func newOrder(mark func() func()) *order {
	o := &order{mark: mark, busy: make(map[string]struct{}), marks: make(map[int64]func()), ended: make(map[int64]bool)}
	o.change = sync.NewCond(&o.mu)
	return o
}

// begin waits until no key of the changes is under way, notes that these are,
// and returns the number of their batch.
func (o *order) begin(changes []Change) int64 {
	var committed func()
	if o.mark != nil {
		committed = o.mark()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.anyBusy(changes) {
		o.change.Wait()
	}
	for _, c := range changes {
		o.busy[string(c.key)] = struct{}{}
	}
	number := o.begun
	o.begun++
	o.marks[number] = committed
	return number
}

func (o *order) anyBusy(changes []Change) bool {
	for _, c := range changes {
		if _, busy := o.busy[string(c.key)]; busy {
			return true
		}
	}
	return false
}

// finish says that a batch is no longer under way. With an error, neither it
// nor any later batch is ever settled.
func (o *order) finish(j job, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range j.changes {
		delete(o.busy, string(c.key))
	}
	o.change.Broadcast()
	if err != nil {
		return
	}
	for o.ended[j.number] = true; o.ended[o.settled]; o.settled++ {
		if committed := o.marks[o.settled]; committed != nil {
			committed()
		}
		delete(o.ended, o.settled)
		delete(o.marks, o.settled)
	}
}
