// Many ordinary grpc-go callers of HoldSeats: what did they get? Prints one JSON object.
//
// The client has no options but its credentials, so it behaves as anybody's first client does. A codec of raw bytes
// keeps generated Go code out: the few fields of the request are written here.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

const method = "/balcon.inventory.v1.InventoryService/HoldSeats"

// Raw passes bytes as they are.
type Raw struct{}

func (Raw) Marshal(v any) ([]byte, error) { return *(v.(*[]byte)), nil }

func (Raw) Unmarshal(data []byte, v any) error {
	*(v.(*[]byte)) = append([]byte(nil), data...)
	return nil
}

func (Raw) Name() string { return "proto" }

func varint(out []byte, value uint64) []byte {
	for value >= 0x80 {
		out = append(out, byte(value)|0x80)
		value >>= 7
	}
	return append(out, byte(value))
}

func number(out []byte, field int, value uint64) []byte {
	return varint(varint(out, uint64(field)<<3), value)
}

func text(out []byte, field int, value string) []byte {
	out = varint(out, uint64(field)<<3|2)
	return append(varint(out, uint64(len(value))), value...)
}

// hold is a HoldSeatsRequest: see protos/balcon/inventory/v1/inventory_service.proto.
func hold(house, performance string, plan uint64, holdID, holder, seat string) []byte {
	key := text(text(nil, 1, house), 2, performance)
	seats := text(number(nil, 1, plan), 2, seat)
	request := text(nil, 1, string(key))
	request = text(text(request, 2, holdID), 3, holder)
	return number(text(request, 4, string(seats)), 5, 2) // CHANNEL_ONLINE
}

type result struct {
	code string
	took time.Duration
}

func main() {
	target := flag.String("target", "127.0.0.1:50052", "host:port of an inventory node")
	house := flag.String("house", "", "house id")
	performance := flag.String("performance", "", "performance id")
	plan := flag.Uint64("plan-version", 1, "version of the seating plan")
	seatPrefix := flag.String("seat-prefix", "s", "seats are named this and a number")
	seats := flag.Int("seats", 1000, "so many seats, asked for in turn")
	callers := flag.Int("callers", 200, "callers at a time, each with one call under way")
	connections := flag.Int("connections", 1, "TCP connections they share")
	seconds := flag.Float64("seconds", 10, "how long")
	flag.Parse()

	channels := make([]*grpc.ClientConn, *connections)
	for i := range channels {
		channel, err := grpc.NewClient(*target, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		channels[i] = channel
		defer channel.Close()
	}

	ends := time.Now().Add(time.Duration(*seconds * float64(time.Second)))
	results := make([][]result, *callers)
	var all sync.WaitGroup
	for caller := 0; caller < *callers; caller++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for round := 0; time.Now().Before(ends); round++ {
				results[caller] = append(results[caller], call(channels[caller%*connections], hold(
					*house, *performance, *plan,
					fmt.Sprintf("go-%d-%d-%d", os.Getpid(), caller, round), fmt.Sprintf("go-%d-%d", caller, round),
					fmt.Sprintf("%s%d", *seatPrefix, (caller+round**callers)%*seats))))
			}
		}()
	}
	all.Wait()
	tell(results, *callers, *connections, *seconds)
}

func call(channel *grpc.ClientConn, request []byte) result {
	started := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var response []byte
	err := channel.Invoke(ctx, method, &request, &response, grpc.ForceCodec(Raw{}))
	told := status.Convert(err)
	code := told.Code().String()
	// What gRPC itself says of a call that it cut: the codes that nobody may see here.
	if strings.Contains(told.Message(), "REFUSED_STREAM") || strings.Contains(told.Message(), "RST_STREAM") {
		code += " (reset)"
	}
	return result{code, time.Since(started)}
}

func tell(results [][]result, callers, connections int, seconds float64) {
	counts := map[string]int{}
	var took []float64
	total := 0
	for _, mine := range results {
		for _, one := range mine {
			counts[one.code]++
			total++
			took = append(took, one.took.Seconds()*1000)
		}
	}
	sort.Float64s(took)
	at := func(share float64) float64 {
		if len(took) == 0 {
			return 0
		}
		return took[int(share*float64(len(took)-1))]
	}
	out, _ := json.Marshal(map[string]any{
		"callers": callers, "connections": connections, "calls": total,
		"calls_per_second": float64(total) / seconds, "answers": counts,
		"p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1),
	})
	fmt.Println(string(out))
}
