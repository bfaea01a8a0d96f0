// Package remote uses a store that another program has opened. etcdctl does so
// for S3, because a program that links an S3 client takes a third longer to
// start: it starts the etcdutl beside it, which serves the store on its standard
// input and output, by HTTP/2, for as long as the command runs.
package remote

import (
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"etcdkit/backup/store"
)

// Argument is the only argument of a program that is to serve a store.
const Argument = "serve-store"

// The requests. Parameters of the query are those of the methods of a Store.
const (
	pathOpen       = "/open"
	pathPut        = "/put"
	pathGet        = "/get"
	pathList       = "/list"
	pathDelete     = "/delete"
	pathIncomplete = "/incomplete"
	pathAbort      = "/abort"
)

const (
	// isWhole or isBroken is the last byte of the body of a put.
	isWhole, isBroken = 1, 0
	// failureTrailer ends an answer that is not whole, with an error.
	failureTrailer = "Failure"
	failureStatus  = http.StatusUnprocessableEntity
)

// request holds what has to be known to open a store, except for the
// environment, which the program is started with.
type request struct {
	Location, Endpoint, Region, CAFile string
	PathStyle                          bool
}

// protocols is HTTP/2 without TLS.
func protocols() *http.Protocols {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	return p
}

// flow lets much data be on its way in both directions.
func flow() *http.HTTP2Config {
	const window = 4 << 20
	return &http.HTTP2Config{MaxReceiveBufferPerConnection: window, MaxReceiveBufferPerStream: window, MaxReadFrameSize: 256 << 10, MaxConcurrentStreams: 1000}
}

// kinds are the errors of package store that the other end should recognize, the
// narrower ones first. They are numbered by their places.
func kinds() []error {
	return []error{
		store.ErrNoBucket, store.ErrMissing, store.ErrNotFound, store.ErrExists, store.ErrDenied, store.ErrFull, store.ErrInUse, store.ErrBadName,
	}
}

// encode turns an error into the value of a header.
func encode(err error) string {
	kind := slices.IndexFunc(kinds(), func(k error) bool { return errors.Is(err, k) })
	return strconv.Itoa(kind) + " " + strconv.QuoteToASCII(err.Error())
}

// decode turns it into an error again.
func decode(value string) error {
	number, quoted, _ := strings.Cut(value, " ")
	text, err := strconv.Unquote(quoted)
	if err != nil {
		return errors.New("the program that serves the store gave an error that can't be read")
	}
	if kind, err := strconv.Atoi(number); err == nil && kind >= 0 && kind < len(kinds()) {
		return store.WithKind(kinds()[kind], errors.New(text))
	}
	return errors.New(text)
}

// pipes is a connection over two pipes.
type pipes struct {
	io.Reader
	w     io.WriteCloser
	once  sync.Once
	ended chan struct{} // closed by Close
}

func newPipes(r io.Reader, w io.WriteCloser) *pipes {
	return &pipes{Reader: r, w: w, ended: make(chan struct{})}
}

func (p *pipes) Write(b []byte) (int, error) { return p.w.Write(b) }

func (p *pipes) Close() error {
	var err error
	p.once.Do(func() {
		close(p.ended)
		err = p.w.Close()
	})
	return err
}

func (p *pipes) LocalAddr() net.Addr              { return addr{} }
func (p *pipes) RemoteAddr() net.Addr             { return addr{} }
func (p *pipes) SetDeadline(time.Time) error      { return nil }
func (p *pipes) SetReadDeadline(time.Time) error  { return nil }
func (p *pipes) SetWriteDeadline(time.Time) error { return nil }

// addr is the address of a pipe.
type addr struct{}

func (addr) Network() string { return "pipe" }
func (addr) String() string  { return "pipe" }
