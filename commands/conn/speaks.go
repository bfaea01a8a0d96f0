package conn

import (
	"context"
	"crypto/tls"
	"io"
	"time"
)

// guessing is the time limit for finding out which protocol a server speaks.
const guessing = time.Second

// speaksTLS reports whether the server at an address answers a TLS handshake.
// It is called after the server has closed a plain connection silently.
func (c *connections) speaksTLS(address string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), guessing)
	defer cancel()
	raw, err := c.connect(ctx, address)
	if err != nil {
		return false
	}
	defer raw.Close() //nolint:errcheck // nothing was sent
	// Nothing is sent on this connection, so the server's certificate need not
	// be verified.
	err = tls.Client(raw, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(ctx) //nolint:gosec // see above
	return err == nil || alert(err) != nil
}

// speaksPlain reports whether the server at an address answers HTTP/2 without
// TLS. It is asked after the server has closed a connection in the handshake.
func (c *connections) speaksPlain(address string) bool {
	const (
		preface  = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
		settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	)
	ctx, cancel := context.WithTimeout(context.Background(), guessing)
	defer cancel()
	raw, err := c.connect(ctx, address)
	if err != nil {
		return false
	}
	defer raw.Close() //nolint:errcheck // the server is only looked at
	if deadline, ok := ctx.Deadline(); !ok || raw.SetDeadline(deadline) != nil {
		return false
	}
	if _, err := io.WriteString(raw, preface+settings); err != nil {
		return false
	}
	frame := make([]byte, len(settings))
	_, err = io.ReadFull(raw, frame)
	return err == nil && frame[3] == settings[3]
}
