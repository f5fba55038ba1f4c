package dev.sluice.engine.line;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FloatTextTest {

    @ParameterizedTest
    @CsvSource({
        "1, 1",
        "-0.0, -0",
        "0.0, 0",
        "0.1, 0.1",
        "100000, 100000",
        "999999, 999999",
        "1000000, 1e+06",
        "12345678, 1.2345678e+07",
        "0.30000000000000004, 0.30000000000000004",
        "5e-324, 5e-324",
        "9.9e-324, 1e-323",
        "1.7976931348623157e308, 1.7976931348623157e+308",
        "1e20, 1e+20",
        "1e21, 1e+21",
        "-1e21, -1e+21",
        "123456789012345680000, 1.2345678901234568e+20",
        "9007199254740993, 9.007199254740992e+15",
        "0.0001, 0.0001",
        "0.00001, 1e-05",
        "0.000012345, 1.2345e-05",
        "1e-7, 1e-07",
        "0.5, 0.5",
        "1.5, 1.5",
        "2.2250738585072014e-308, 2.2250738585072014e-308",
        "123.456, 123.456",
        "-123456.75, -123456.75",
        "NaN, NaN",
        "Infinity, +Inf",
        "-Infinity, -Inf",
        "5.684341886080802e-14, 5.684341886080802e-14",
        "10, 10",
        "100, 100",
        "120000, 120000",
        "2e22, 2e+22",
        "1e23, 1e+23",
        "9.5367431640625e-07, 9.5367431640625e-07"
    })
    void writesFloatsAsGoDoes(double value, String text) {
        assertThat(text(value)).isEqualTo(text);
    }

    @Test
    void isTheShortestTextThatReadsBackAndOfThoseTheNearest() {
        var random = new Random(42);
        for (int i = 0; i < 60_000; i++) {
            double value = switch (i % 9) {
                case 0 -> Double.longBitsToDouble(random.nextLong());
                case 1 -> random.nextGaussian() * 40;
                case 2 -> Math.round(random.nextGaussian() * 10_000) / 100.0;
                case 3 -> random.nextLong() >> random.nextInt(63);
                case 4 -> Math.scalb(1.0, random.nextInt(2100) - 1074);
                case 5 -> beside(random.nextInt(1_000_000_000) / 1000.0, random);
                case 6 -> beside(random.nextInt(3_000) / Math.pow(10, random.nextInt(5)), random);
                case 7 -> beside((1 + random.nextInt(20)) * Math.pow(10, random.nextInt(600) - 300), random);
                default -> Double.longBitsToDouble(random.nextLong() >>> (12 + random.nextInt(50)));
            };
            if (Double.isFinite(value)) {
                assertThat(text(value)).as("%s", value).isEqualTo(byTheRule(value));
            }
        }
    }

    @Test
    void allPowersOfTwoAndTheirNeighboursAreRight() {
        for (int exponent = -1074; exponent <= 1023; exponent++) {
            double power = Math.scalb(1.0, exponent);
            for (double value : new double[] {power, Math.nextUp(power), Math.nextDown(power)}) {
                assertThat(text(value)).isEqualTo(byTheRule(value));
            }
        }
    }

    @Test
    void allThousandthsAboutThePowersOfTenAreRight() {
        for (int power = 1; power <= 1_000_000_000; power *= 10) {
            for (int n = Math.max(1, power - 30); n <= power + 30; n++) {
                double value = n / 1000.0;
                assertThat(text(value)).isEqualTo(byTheRule(value));
                assertThat(text(-value)).isEqualTo("-" + byTheRule(value));
            }
        }
    }

    /** The number or one of its neighbours. */
    private static double beside(double value, Random random) {
        return switch (random.nextInt(4)) {
            case 0 -> Math.nextUp(value);
            case 1 -> Math.nextDown(value);
            default -> value;
        };
    }

    private static String text(double value) {
        return new String(new TextBuffer(4).append(value).toByteArray(), StandardCharsets.US_ASCII);
    }

    /** Slow and by definition: all lengths from one digit on, rounded down and up. */
    private static String byTheRule(double value) {
        if (value == 0) {
            return Double.doubleToRawLongBits(value) < 0 ? "-0" : "0";
        }
        BigDecimal exact = new BigDecimal(Math.abs(value));
        for (int precision = 1; ; precision++) {
            BigDecimal down = exact.round(new MathContext(precision, RoundingMode.FLOOR));
            BigDecimal up = exact.round(new MathContext(precision, RoundingMode.CEILING));
            boolean downFits = down.doubleValue() == Math.abs(value);
            boolean upFits = up.doubleValue() == Math.abs(value);
            if (downFits || upFits) {
                int nearer = exact.subtract(down).compareTo(up.subtract(exact));
                BigDecimal digits = !upFits || (downFits && nearer < 0) ? down : up;
                if (downFits && upFits && nearer == 0) {
                    digits = exact.round(new MathContext(precision, RoundingMode.HALF_EVEN));
                }
                return (value < 0 ? "-" : "") + laidOut(digits.stripTrailingZeros());
            }
        }
    }

    private static String laidOut(BigDecimal number) {
        String digits = number.unscaledValue().toString();
        int exponent = digits.length() - 1 - number.scale();
        if (exponent >= -4 && exponent < 6) {
            return number.toPlainString();
        }
        String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
        return "%s%se%s%02d".formatted(digits.charAt(0), fraction, exponent < 0 ? "-" : "+", Math.abs(exponent));
    }
}
