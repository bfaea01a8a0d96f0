package conn

import (
	"context"
	"fmt"
	"sync"
)

// Pool keeps clients open between the commands of one process: commands whose
// connection flags have the same values share a client, and the password is asked
// for once. It may be used from several goroutines. The zero value is empty.
type Pool struct {
	mu      sync.Mutex
	dialers map[string]*Dialer
	clients map[string]*Client
}

// Share makes the flags get their clients from a pool. The flags --curl records
// for are not concerned.
func (f *Flags) Share(p *Pool) { f.pool = p }

// poolKey returns a text that is the same for all flags that connect the same way.
func (f *Flags) poolKey(order precedence) string {
	own, given := *f, f.given("endpoints")
	own.set, own.pool, own.recorder = nil, nil, nil
	own.commandTimeout = 0 // of requests, not of connections
	return fmt.Sprintf("%d %v %#v", order, given, own)
}

// dialer returns the dialer with a key, which resolve makes the first time.
func (p *Pool) dialer(key string, resolve func() (*Dialer, error)) (*Dialer, error) {
	p.mu.Lock()
	known := p.dialers[key]
	p.mu.Unlock()
	if known != nil {
		return known, nil
	}
	d, err := resolve()
	if err != nil {
		return nil, err
	}
	d.pool, d.key = p, key
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dialers == nil {
		p.dialers = make(map[string]*Dialer)
	}
	p.dialers[key] = d
	return d, nil
}

// client returns the open client of a dialer for some endpoints, or dials. If that
// fails, the dialer is forgotten, so that a mistyped password is asked for again.
func (p *Pool) client(ctx context.Context, d *Dialer, endpoints []string) (*Client, error) {
	key := fmt.Sprintf("%s %v %q", d.key, d.failFast, endpoints)
	p.mu.Lock()
	known := p.clients[key]
	p.mu.Unlock()
	if known != nil {
		return known, nil
	}
	c, err := d.dial(ctx, endpoints)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		delete(p.dialers, d.key)
		return nil, err
	}
	if known := p.clients[key]; known != nil { // another goroutine was faster
		_ = c.Close() // says nothing
		return known, nil
	}
	if p.clients == nil {
		p.clients = make(map[string]*Client)
	}
	c.pooled = true
	p.clients[key] = c
	return c, nil
}

// Close closes all clients.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.clients {
		c.pooled = false
		_ = c.Close() // says nothing
	}
	p.clients, p.dialers = nil, nil
}
