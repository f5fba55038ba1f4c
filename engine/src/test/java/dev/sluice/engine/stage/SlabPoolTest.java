package dev.sluice.engine.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;

class SlabPoolTest {

    @Test
    void givesNoMoreThanTheBudgetHolds() {
        SlabPool pool = new SlabPool(100, 50, 350);
        List<ByteBuf> given = new ArrayList<>();

        for (int i = 0; i < 3; i++) {
            pool.acquire(given::add);
        }

        assertThat(pool.slabs()).isEqualTo(2);
        assertThat(given).hasSize(2);
        given.remove(0).release();
        assertThat(given).hasSize(2);
        given.forEach(ByteBuf::release);
        assertThat(pool.outstanding()).isZero();
    }

    @Test
    void givesAtLeastOneSlabWhateverTheBudget() {
        assertThat(new SlabPool(100, 0, 1).slabs()).isEqualTo(1);
    }

    @Test
    void servesWaitersInTheOrderTheyCame() {
        SlabPool pool = new SlabPool(10, 0, 10);
        List<ByteBuf> first = new ArrayList<>();
        List<String> order = new ArrayList<>();
        pool.acquire(first::add);

        pool.acquire(slab -> {
            order.add("second");
            slab.release();
        });
        pool.acquire(slab -> {
            order.add("third");
            slab.release();
        });
        assertThat(order).isEmpty();
        first.get(0).release();

        assertThat(order).containsExactly("second", "third");
        assertThat(pool.outstanding()).isZero();
    }

    @Test
    void passesOverAWaiterThatWithdrew() {
        SlabPool pool = new SlabPool(10, 0, 10);
        List<ByteBuf> first = new ArrayList<>();
        pool.acquire(first::add);
        Disposable gone = pool.acquire(slab -> {
            throw new AssertionError("withdrawn, yet served");
        });

        gone.dispose();
        first.get(0).release();

        assertThat(pool.outstanding()).isZero();
    }

    @Test
    void takesAPairBackOnlyWhenBothAreReleased() {
        SlabPool pool = new SlabPool(10, 20, 30);
        List<ByteBuf> given = new ArrayList<>();
        pool.acquire(given::add);
        ByteBuf slab = given.get(0);
        ByteBuf beside = SlabPool.beside(slab);

        assertThat(beside.writableBytes()).isEqualTo(20);
        slab.release();
        assertThat(pool.outstanding()).isEqualTo(1);
        beside.release();

        assertThat(pool.outstanding()).isZero();
    }

    @Test
    void givesUsedMemoryOutEmptyAgain() {
        SlabPool pool = new SlabPool(10, 0, 10);
        pool.acquire(slab -> slab.writeLong(7).release());

        pool.acquire(slab -> {
            assertThat(slab.readableBytes()).isZero();
            assertThat(slab.writableBytes()).isEqualTo(10);
            slab.release();
        });

        assertThat(pool.toString()).contains("1 made");
    }

    @Test
    void refusesABufferThatIsNotASlab() {
        assertThatThrownBy(() -> SlabPool.beside(Unpooled.EMPTY_BUFFER)).isInstanceOf(IllegalArgumentException.class);
    }
}
