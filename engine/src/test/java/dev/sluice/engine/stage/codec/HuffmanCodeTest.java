package dev.sluice.engine.stage.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.PriorityQueue;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class HuffmanCodeTest {

    @Test
    void isAsShortAsAHuffmanCodeCanBe() {
        var random = new Random(3);
        for (int round = 0; round < 500; round++) {
            var code = new HuffmanCode(2 + random.nextInt(285), 15);
            int most = 1 << random.nextInt(8);
            for (int i = 0; i < code.frequencies.length; i++) {
                code.frequencies[i] = random.nextInt(most + 1);
            }
            // Two that occur, so that nothing has to be made up.
            code.frequencies[0] = 1;
            code.frequencies[1] = 1;
            code.build();
            isComplete(code, 15);
            assertThat(code.cost(code.frequencies)).isEqualTo(leastCost(code.frequencies));
        }
    }

    @Test
    void keepsTheGreatestLength() {
        for (int limit : new int[] {7, 15}) {
            var code = new HuffmanCode(limit == 7 ? 19 : 30, limit);
            int before = 1;
            int frequency = 1;
            // Fibonacci numbers make the deepest trees.
            for (int i = 0; i < code.frequencies.length; i++) {
                code.frequencies[i] = frequency;
                int next = Math.min(100_000, before + frequency);
                before = frequency;
                frequency = next;
            }
            code.build();
            isComplete(code, limit);
            assertThat(code.lengths[0]).isEqualTo(limit);
        }
    }

    @Test
    void hasTwoSymbolsAtLeast() {
        for (int only : new int[] {-1, 0, 1, 7}) {
            var code = new HuffmanCode(30, 15);
            if (only >= 0) {
                code.frequencies[only] = 9;
            }
            code.build();
            isComplete(code, 1);
            assertThat(code.lengths[Math.max(only, 0)]).isEqualTo(1);
        }
    }

    /** Every string of bits means something: the lengths fill the room for codes exactly. */
    private static void isComplete(HuffmanCode code, int maxLength) {
        assertThat(IntStream.of(code.lengths).max().orElseThrow()).isLessThanOrEqualTo(maxLength);
        int room = IntStream.of(code.lengths)
                .filter(length -> length > 0)
                .map(length -> 1 << (15 - length))
                .sum();
        assertThat(room).isEqualTo(1 << 15);
        for (int i = 0; i < code.lengths.length; i++) {
            assertThat(HuffmanCode.length(code.codes[i])).isEqualTo(code.lengths[i]);
            assertThat(HuffmanCode.bits(code.codes[i])).isLessThan(1 << code.lengths[i]);
        }
    }

    private static int leastCost(int[] frequencies) {
        var queue = new PriorityQueue<Integer>();
        IntStream.of(frequencies).filter(frequency -> frequency > 0).forEach(queue::add);
        int cost = 0;
        while (queue.size() > 1) {
            int both = queue.remove() + queue.remove();
            cost += both;
            queue.add(both);
        }
        return cost;
    }
}
