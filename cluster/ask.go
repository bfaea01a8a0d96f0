package cluster

import (
	"context"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/connectivity"
)

// A Target is one server to ask: an endpoint, or all client URLs of a member,
// of which the first that can be reached is asked.
type Target []string

// A Conn is a connection to one endpoint.
type Conn interface {
	API() *clientv3.Client
	Explain(error) error // adds the cause that the connection knows
	Close() error
}

// A Dialer opens connections to single endpoints. A user is logged in by Dial.
type Dialer struct {
	Dial    func(ctx context.Context, endpoint string) (Conn, error)
	Timeout time.Duration // of each question; 0 is none
}

// A Question asks the one endpoint that the client is for.
type Question[T any] func(ctx context.Context, c *clientv3.Client, endpoint string) (T, error)

// An Outcome is how asking a target ended.
type Outcome struct {
	Endpoint string
	Err      error // explained
	Dialed   bool  // false if the client could not be set up or logged in
	Reached  bool  // there was a connection when the question ended
}

// An Answer is the outcome of asking one target: the value that the question
// returned, and its error.
type Answer[T any] struct {
	Outcome
	Value T
}

// maxAtOnce is how many targets are asked at the same time. No cluster has as
// many members; a list of endpoints may be longer.
const maxAtOnce = 256

// Ask asks all targets at the same time, each within the dialer's timeout, and
// returns their answers in the order of the targets.
func Ask[T any](ctx context.Context, d Dialer, targets []Target, q Question[T]) []Answer[T] {
	answers := make([]Answer[T], len(targets))
	free := make(chan struct{}, maxAtOnce)
	var wg sync.WaitGroup
	for i, t := range targets {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			answers[i] = AskOne(ctx, d, t, q)
		})
	}
	wg.Wait()
	return answers
}

// AskOne returns the answer of the first of the target's URLs that can be
// reached. If none can, it is the answer of the first.
func AskOne[T any](ctx context.Context, d Dialer, t Target, q Question[T]) Answer[T] {
	var first Answer[T]
	for i, endpoint := range t {
		got := Answer[T]{Outcome: Outcome{Endpoint: endpoint}}
		d.ask(ctx, &got.Outcome, func(ctx context.Context, c *clientv3.Client) (err error) {
			got.Value, err = q(ctx, c, endpoint)
			return err
		})
		if got.Reached {
			return got
		}
		if i == 0 {
			first = got
		}
	}
	return first
}

// ask dials the endpoint of the outcome, calls do and completes the outcome.
func (d Dialer) ask(ctx context.Context, o *Outcome, do func(context.Context, *clientv3.Client) error) {
	if o.Err = ctx.Err(); o.Err != nil {
		return
	}
	c, err := d.Dial(ctx, o.Endpoint)
	if err != nil {
		o.Err = err
		return
	}
	defer c.Close() //nolint:errcheck // the answer has arrived
	ctx, cancel := d.limit(ctx)
	defer cancel()
	err = do(ctx, c.API())
	o.Err, o.Dialed = c.Explain(err), true
	o.Reached = err == nil || c.API().ActiveConnection().GetState() == connectivity.Ready
}

func (d Dialer) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if d.Timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d.Timeout)
}

// Undialed returns the first error if no target at all could be dialed, for
// example because of a wrong password.
func Undialed[T any](answers []Answer[T]) error {
	for _, got := range answers {
		if got.Dialed {
			return nil
		}
	}
	if len(answers) == 0 {
		return nil
	}
	return answers[0].Err
}
