/*
 * Written by larqca; see the header.
 *
 * state      19 words of 16 bits, worth 2^-9, saturating; the last 10 are classes
 * alive      grey byte >= 26
 * fires      16 random bits < 32768, seed 0
 * reads      grey: 9 codes: (v * 18672 + 4718591) >> 20, kept within them; state: 9 codes: (v * m[c] + 9437183) >> 21, kept within them
 * perceive/0 3x3, 20 to 80; accumulators within 7,808
 *   inputs   9 codes, X = 2 * code + -8, 0 outside the grid
 *   weights  4 bit, 2 * code + -15
 *   gives    5 codes: (v * m[c] + b[c]) >> 20, kept within them
 * update/0   1x1, 80 to 80; accumulators within 2,104
 *   inputs   5 codes, X = 2 * code + -4, 0 outside the grid
 *   weights  4 bit, 2 * code + -15
 *   gives    5 codes: (v * m[c] + b[c]) >> 19, kept within them
 * update/1   1x1, 80 to 19; accumulators within 1,888
 *   inputs   5 codes, X = 2 * code + -4, 0 outside the grid
 *   weights  4 bit, 2 * code + -15
 *   gives    state += (v * m[c] + b[c]) >> 13
 */
#include "automaton.h"

#define MAX_WIDTH AUTOMATON_MAX_WIDTH

/* Whether the compiler has an instruction for the number of ones, or a vector of them. */
#if defined(__GNUC__) && (defined(__AVX512VPOPCNTDQ__) || defined(__aarch64__) \
                          || defined(__riscv_zbb) || defined(__wasm__) \
                          || defined(__ARM_FEATURE_MVE) \
                          || (defined(__POPCNT__) && !defined(__AVX2__)))
#define COUNT_BY_INSTRUCTION
#endif

#ifndef COUNT_BY_INSTRUCTION
/* Masks before it shifts: 32-bit ARM instructions shift an operand for nothing, but compilers
 * would shift first. */
#if defined(__GNUC__) && defined(__arm__)
#define MASKED_FIRST(word) __asm__("" : "+r"(word))
#else
#define MASKED_FIRST(word) (void)(word)
#endif

/* Ones in each four bits. */
static inline uint32_t nibbles(uint32_t word)
{
    uint32_t high = word & 0xaaaaaaaau;
    MASKED_FIRST(high);
    word -= high >> 1;
    high = word & 0xccccccccu;
    MASKED_FIRST(high);
    return (word & 0x33333333u) + (high >> 2);
}

/* Sums of two times four bits. */
static inline uint32_t bytes(uint32_t count)
{
    uint32_t high = count & 0xf0f0f0f0u;
    MASKED_FIRST(high);
    return (count & 0x0f0f0f0fu) + (high >> 4);
}

/* The sum of four bytes. */
static inline uint32_t sum_bytes(uint32_t count)
{
#if defined(__GNUC__) && defined(__ARM_FEATURE_SIMD32)
    uint32_t sum;
    __asm__("usad8 %0, %1, %2" : "=r"(sum) : "r"(count), "r"(0));
    return sum;
#else
    return (count * 0x01010101u) >> 24;
#endif
}
#endif

/* Number of ones. */
static inline uint32_t ones_1(uint32_t a)
{
#ifdef COUNT_BY_INSTRUCTION
    return (uint32_t)__builtin_popcount(a);
#else
    return sum_bytes(bytes(nibbles(a)));
#endif
}

/* Number of ones in 3 words: without an instruction, carries are saved first. */
static inline uint32_t ones_3(uint32_t a, uint32_t b, uint32_t c)
{
#ifdef COUNT_BY_INSTRUCTION
    return ones_1(a) + ones_1(b) + ones_1(c);
#else
    uint32_t x0 = a ^ b;
    uint32_t s1 = x0 ^ c;
    uint32_t c1 = (a & b) | (x0 & c);
    uint32_t count = bytes(nibbles(s1) + 2u * nibbles(c1));
    return sum_bytes(count);
#endif
}

/* Number of ones in 6 words: without an instruction, carries are saved first. */
static inline uint32_t ones_6(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f)
{
#ifdef COUNT_BY_INSTRUCTION
    return ones_1(a) + ones_1(b) + ones_1(c) + ones_1(d) + ones_1(e) + ones_1(f);
#else
    uint32_t x0 = a ^ b;
    uint32_t s1 = x0 ^ c;
    uint32_t c1 = (a & b) | (x0 & c);
    uint32_t x1 = d ^ e;
    uint32_t s2 = x1 ^ f;
    uint32_t c2 = (d & e) | (x1 & f);
    uint32_t x2 = s1 ^ s2;
    uint32_t c3 = s1 & s2;
    uint32_t x3 = c1 ^ c2;
    uint32_t s4 = x3 ^ c3;
    uint32_t c4 = (c1 & c2) | (x3 & c3);
    uint32_t count = bytes(nibbles(x2) + 2u * nibbles(s4));
    count += 4u * bytes(nibbles(c4));
    return sum_bytes(count);
#endif
}

/* Two's complement, whatever the compiler makes of a cast. */
static int32_t to_signed(uint32_t value)
{
    return value <= 0x7fffffffu ? (int32_t)value : -(int32_t)(~value) - 1;
}

/* value / 2^shift, rounded down. */
static int32_t floor_shift(int32_t value, uint32_t shift)
{
    return value >= 0 ? value >> shift : ~(~value >> shift);
}

static void clear(uint32_t *words, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        words[i] = 0;
    }
}

/* Binary digits of codes: bit i of digit d is digit d of code i. */
static void pack(uint32_t *packed, const uint32_t *levels, uint32_t count, uint32_t digits)
{
    uint32_t words = (count + 31u) / 32u;
    for (uint32_t w = 0; w < words; w++) {
        uint32_t bits = count - 32u * w < 32u ? count - 32u * w : 32u;
        for (uint32_t digit = 0; digit < digits; digit++) {
            uint32_t word = 0;
            for (uint32_t b = 0; b < bits; b++) {
                word |= ((levels[32u * w + b] >> digit) & 1u) << b;
            }
            packed[digit * words + w] = word;
        }
    }
}

/* The counter-based generator: a bijection of 32 bits. */
static uint32_t mix(uint32_t value)
{
    value ^= value >> 16;
    value *= 0x7feb352du;
    value ^= value >> 15;
    value *= 0x846ca68bu;
    value ^= value >> 16;
    return value;
}

/* perceive/0: weights as [plane, word, output]; 4 x 6 x 80, 32 bits each, 7,680 bytes. */
static const uint32_t perceive_0_weights[4][6][80] = {
    {{
      0x9bfb6e27u, 0x1a5a89ebu, 0x33c214dcu, 0x1049f52au, 0xd54d1618u, 0xa5b26a9du,
      0xaef8cc94u, 0xbe90a1bcu, 0x805d07d9u, 0x075391f1u, 0x9742f3fcu, 0xe07b8d6cu,
      0xf5ba2ce7u, 0xfa243737u, 0x07c156fcu, 0x686ab8beu, 0x5f95ce15u, 0x202ee980u,
      0x59c49e78u, 0xd39bd489u, 0xb8449479u, 0x7192c71bu, 0xab3c276eu, 0x62fdf157u,
      0x6ca1d72fu, 0xdfe591d6u, 0xac40065cu, 0xf48c110bu, 0x011cd274u, 0x5423b2e3u,
      0x307526cfu, 0x7f652ad6u, 0x3bd4dd2bu, 0xaea7d2adu, 0x84d5525eu, 0x9b0cb9cau,
      0x87279e0cu, 0x1de06b2eu, 0xb5f461c7u, 0x6a660683u, 0x2c90813eu, 0x365bddb3u,
      0x3a441d49u, 0x1738fee9u, 0x91b91e9fu, 0xd817752cu, 0x5ebd9130u, 0xaf720d3cu,
      0x9184c4edu, 0x58fd386au, 0xfeedcf59u, 0xe3cb3548u, 0x312074d9u, 0xcc31c7b0u,
      0x3d6a5602u, 0xae4104d6u, 0xab4ea3f2u, 0xb78c72c6u, 0xc0f8ca50u, 0xa3e84e1au,
      0x8f63685fu, 0x387b7084u, 0x10ffaee6u, 0xa9f75dfcu, 0x784865fau, 0xca5d10c7u,
      0x6a0504cdu, 0x39343a93u, 0x59c6bdf2u, 0xc3436447u, 0x8c7640abu, 0xa2f5b362u,
      0xe890c6b5u, 0x132d75f0u, 0x9ce5525au, 0x3b03d37au, 0x1c63741au, 0xf36d207cu,
      0xf635d884u, 0x8859f8ebu
    },
    {
      0xda2d9899u, 0xf9259209u, 0x18a14ef7u, 0x585f1515u, 0xe515e893u, 0x9dde557bu,
      0xe8879af7u, 0xb96fb796u, 0x4ef64f54u, 0x5929e640u, 0x64af2f26u, 0xc77cf450u,
      0x1da7b91eu, 0xc1fac409u, 0x8db6cd14u, 0xce13df85u, 0x5728fdb4u, 0x65c76d01u,
      0x8c76f3adu, 0xb1a160cfu, 0x1cbf4ab3u, 0x4154125bu, 0xcc146765u, 0x496a7887u,
      0x7a9932ffu, 0x39958599u, 0x8ccc70fbu, 0x5e473736u, 0x32894302u, 0xbd3a119fu,
      0xff64a78cu, 0xffa8db31u, 0xd5f99014u, 0x6c25af1fu, 0x9efee7c1u, 0xf21a8c95u,
      0x731655b0u, 0x52d219a9u, 0x47f89060u, 0x797dbc34u, 0x475f5dd4u, 0x316964edu,
      0xa4f1821bu, 0x11e7d623u, 0xa53a3314u, 0x076f71dcu, 0x419764ebu, 0x37ade0c7u,
      0x2ec1ca52u, 0x5797f84fu, 0x3253f709u, 0xaf11dd49u, 0x3ce22cb8u, 0x0691473eu,
      0x21c445e8u, 0x862973a3u, 0xbc0cbadcu, 0x1bcc6a27u, 0x04e8c007u, 0x6cdc8b95u,
      0x2a1a78e3u, 0xa27c1761u, 0x6227be14u, 0xe21c8637u, 0xf3f684dbu, 0x69674aa2u,
      0x1765d083u, 0x8fffe088u, 0xd1010c0cu, 0x814eaeedu, 0xde87a739u, 0x9175b180u,
      0xe150333fu, 0x00b8cfccu, 0xab416131u, 0xe303b15eu, 0x80b415f0u, 0x2549cc5fu,
      0x11b2757fu, 0xb119f882u
    },
    {
      0xa1f82bc6u, 0xe8fccca1u, 0x1e55a9c0u, 0xd7635d6cu, 0xd7e67694u, 0x8a589a85u,
      0x808563a2u, 0xe551de65u, 0x33c4e32bu, 0x82cff712u, 0x926dea65u, 0x66b8c8cdu,
      0xd7f399d1u, 0xace5ae5eu, 0x1ca1ec13u, 0xc7f241f0u, 0x4277fb3au, 0xbaeb3345u,
      0xafb551a8u, 0x6654674au, 0x986b169bu, 0x20cf5845u, 0xef60ff27u, 0xbcad4e13u,
      0x3587eb10u, 0xf6adb443u, 0xcf3cc3d2u, 0xe76cd5d2u, 0x3502afccu, 0x05f34aa4u,
      0xc4dfc68fu, 0x74c9acc5u, 0xf3ab6666u, 0xf6009809u, 0xdee21817u, 0xee638b36u,
      0x77d812d9u, 0x06325342u, 0x47c1e3b5u, 0x0bc801eau, 0x9d489388u, 0x2d85681eu,
      0x37586ca7u, 0x55ab7731u, 0x76000123u, 0xd1a37c0du, 0x081f274fu, 0xaf76e8b2u,
      0x415c7d2fu, 0xa5b12312u, 0x7250e208u, 0xbc4eba54u, 0xe357e8f5u, 0xdf898d60u,
      0xdb64296fu, 0x12ca60dau, 0x1eb99f83u, 0xda714748u, 0xb6b03cb7u, 0x702c0d93u,
      0x0e36d969u, 0xf70ad42eu, 0xdfeea837u, 0x9cb275d7u, 0xbdf77043u, 0xd07f19c7u,
      0x7665e546u, 0x7a1fb184u, 0x750dfed4u, 0x2f6409c5u, 0x5cf1ae46u, 0x20dbd90au,
      0x10997698u, 0x4dda8767u, 0xfc3d2291u, 0x52ca11fau, 0xc36e2ed1u, 0x33dc07cbu,
      0xf779c1d7u, 0x7818cc64u
    },
    {
      0x6695917eu, 0xbc1b8bfau, 0x10f5c332u, 0x63613c77u, 0xa9b8ca23u, 0x6177e66bu,
      0x5823172fu, 0x6c4837edu, 0x16d40065u, 0x90756598u, 0xffdfca14u, 0x0bb184dbu,
      0x930b7e5au, 0xb83e22c1u, 0x5c3bfcbdu, 0x6b98d7bcu, 0xc7d8a48du, 0x172c7dbau,
      0x1061f7aeu, 0x50627d68u, 0xb058d78cu, 0xa1f9bd1au, 0x5c4d1277u, 0x0a96ae91u,
      0x350070b8u, 0x04dcce6du, 0x2c88dcd3u, 0x4e984682u, 0x038169afu, 0x0a83171du,
      0xf105791bu, 0x10c2444cu, 0xc96bea31u, 0xa39b334au, 0x0be4e50eu, 0xe4db577bu,
      0x52db7a04u, 0x012dbfd0u, 0xb308c318u, 0xc1d11c5au, 0x365e86b6u, 0x14ffd5acu,
      0x66bd227bu, 0xc8d2fae0u, 0x6080b810u, 0xfe000371u, 0x8f755f0au, 0x6e521474u,
      0xf4260acfu, 0xc37bfb9au, 0xd4127084u, 0xd287a31cu, 0xe4649fd7u, 0xd81d6248u,
      0xfa4db1fau, 0x0a254c50u, 0xc55340f8u, 0x6f62764cu, 0x602ed04du, 0x1d4da733u,
      0x841c916cu, 0xcc3c9d2eu, 0xa7290ab8u, 0xb1082fe0u, 0x5b2e8a63u, 0x9a4aea2bu,
      0x185c79cau, 0xc73e4d54u, 0xde90607du, 0xb773961au, 0x67f29524u, 0x3931676fu,
      0x5d89cc6au, 0xb4ee437du, 0xab005de7u, 0x9e33b628u, 0x399cd1bcu, 0x396b0be4u,
      0xf52f4d71u, 0xef577925u
    },
    {
      0xef6b36e8u, 0x03f24ba6u, 0xd1d7136eu, 0xbebde1b2u, 0x029978f0u, 0x53a31f87u,
      0xc80066ccu, 0xdf366031u, 0xfbdb1b54u, 0xd6758bf3u, 0x5c3a2aa9u, 0xb806899au,
      0x5ff1596du, 0x9515cfadu, 0xdb7ccfb8u, 0x1b9439abu, 0x734a11fbu, 0x73b364c6u,
      0xe72bfc8cu, 0x154cbfa3u, 0x0326f3f0u, 0x4afaa221u, 0xe8fa0af9u, 0x3c9431aau,
      0x220fb98bu, 0xc01b6d84u, 0xcae317a3u, 0x68d7880fu, 0x05a63415u, 0xd6a88b25u,
      0xff2f611bu, 0xf1ec4a51u, 0xd6d341d8u, 0x361b8bfcu, 0x9399a6b1u, 0x86d7b772u,
      0xd143fe64u, 0x49aae334u, 0x2431a722u, 0x4fac17d7u, 0xc7b214e0u, 0x5b0be1b4u,
      0x6df97f6eu, 0xf0014cdcu, 0xc1ea4069u, 0x17c47dbcu, 0x28b006ffu, 0x4fca4404u,
      0x0c3e05adu, 0x15380fd5u, 0xd09eba67u, 0xf3291b31u, 0xa31224a6u, 0x4685590fu,
      0x1e461ff6u, 0x6b96e01cu, 0xa26ecb0du, 0xf8612371u, 0x3b105584u, 0x6b63c947u,
      0xf77d14c8u, 0xb23e001fu, 0x023d7b93u, 0x8a6c15c6u, 0x379eec38u, 0xa0774720u,
      0x0dad9770u, 0x10349bddu, 0x8dd38b7eu, 0x3bd07f40u, 0x20ee902au, 0xdf46392fu,
      0x6a4a4f23u, 0x0513d810u, 0xc95d3847u, 0x546dcc24u, 0xeabfb2ccu, 0x0a6cda67u,
      0xd328677du, 0x801a7748u
    },
    {
      0x000ccf51u, 0x0002a36cu, 0x000b41b1u, 0x0009e2b5u, 0x000bd53fu, 0x000db367u,
      0x000030a8u, 0x0001bc71u, 0x00091335u, 0x000c1d27u, 0x00035a73u, 0x000303e6u,
      0x0007b6dfu, 0x000568c7u, 0x0000c100u, 0x00089841u, 0x000b4d72u, 0x0005b093u,
      0x00007a95u, 0x00041a29u, 0x0002d649u, 0x000dcdc7u, 0x000a1e4bu, 0x0002ee99u,
      0x0000a19bu, 0x000befe0u, 0x00047edfu, 0x0006aba8u, 0x000d86fcu, 0x000377f6u,
      0x0001f36fu, 0x0005ebb7u, 0x0003875eu, 0x00092e7eu, 0x000ec445u, 0x00063eb0u,
      0x0001d889u, 0x0009ac84u, 0x00028d43u, 0x000e9e21u, 0x000c54afu, 0x00060571u,
      0x000c44d2u, 0x000f8939u, 0x000f5de1u, 0x0000e22au, 0x000c38c2u, 0x0006bb62u,
      0x0008aa39u, 0x000eb7b4u, 0x0000106eu, 0x00073290u, 0x000c1b0cu, 0x000536b9u,
      0x00078f79u, 0x000df5ffu, 0x0002d9d0u, 0x00099b1eu, 0x00037ee5u, 0x000f505cu,
      0x00095256u, 0x000f7fd6u, 0x0004de71u, 0x000b6229u, 0x000db875u, 0x00072c85u,
      0x000f03eau, 0x0003d5e0u, 0x000ad44au, 0x00052c69u, 0x0002fb3au, 0x0007e3b3u,
      0x0007ac27u, 0x000fd495u, 0x000f035du, 0x0005da77u, 0x0001e32cu, 0x0007558cu,
      0x000d7459u, 0x000eae05u
    }},
    {{
      0x74b79c1au, 0x68c0e70fu, 0xcb87b318u, 0xb9faa2dfu, 0xb1b5880bu, 0x6dfc1e1du,
      0x55a46bd1u, 0xeb8cda48u, 0x61c09216u, 0xb6286dcbu, 0x87667337u, 0x58431141u,
      0x309b1ef4u, 0x99f021aeu, 0x1ec66733u, 0xe1788006u, 0xd3dffe7fu, 0xbe87d5adu,
      0x9dc9a66au, 0x1df37b0au, 0xe0080e3bu, 0xa18ff370u, 0x38bfdf23u, 0xf0c4514du,
      0x775f95cau, 0x53bf0260u, 0xa2b66e91u, 0x4b918409u, 0x219ab27cu, 0xc1a3b84eu,
      0xecd3ae9du, 0xadadf2ccu, 0x66a82eb8u, 0x36b6b675u, 0x904d1f76u, 0xcf1d87e1u,
      0x09ebf4eau, 0xdb46727eu, 0x7abdd3cau, 0xb8345548u, 0x67a0c824u, 0x1b82ed96u,
      0x3742ebb3u, 0x76f3be57u, 0xa974d38fu, 0x7c020119u, 0x1c45b233u, 0x68e214b2u,
      0x5f3558f3u, 0x00faf079u, 0xb8fc283au, 0x38c93fcbu, 0x269cfa95u, 0xbb0749a8u,
      0xc6080f17u, 0x3483200cu, 0x4ee9bacbu, 0xeb1c9a08u, 0x6bb1502eu, 0xa9f84e1eu,
      0x0d8ab46bu, 0x91779065u, 0xef3179fbu, 0x80608ba3u, 0x95644ea9u, 0x58f818ccu,
      0x8995845cu, 0x3a38bbd6u, 0x6fe25cfeu, 0xf30c6e44u, 0x97e4b494u, 0x2258943du,
      0x85d8fc9du, 0xf049ed6eu, 0x3c64d8d2u, 0xc7386a10u, 0x5c32110bu, 0xd11eab55u,
      0x9c4a8bc5u, 0x51f6bfc2u
    },
    {
      0xce32122cu, 0xeb0707c2u, 0x2cb482beu, 0x6e255802u, 0xf43a974eu, 0xda629818u,
      0xd6058045u, 0xb9236753u, 0xed945f28u, 0x39b28a74u, 0xf9ff3efcu, 0xc923e4b8u,
      0x0998fc85u, 0x57a0cc06u, 0x6e9f2946u, 0x56135a8du, 0xc7110105u, 0xbc280dfdu,
      0x025d3f03u, 0xb46bc668u, 0x7f9f246au, 0x049efc69u, 0xfd123c95u, 0xf1ab49cbu,
      0xf2e2b2e3u, 0x10139d75u, 0x9faf2e9eu, 0x56e023f0u, 0xbba6193fu, 0xe62c06c9u,
      0xda320155u, 0x621b9724u, 0x8cd11ad3u, 0x68792e9du, 0xcca2ff69u, 0xa30ba369u,
      0xf230e9ebu, 0xeb9c91d7u, 0x94a4c83fu, 0xdbb4762eu, 0x56df4ea2u, 0xb30e3f25u,
      0xb3f79292u, 0xc9e3274bu, 0xd7a99aacu, 0x50bbf578u, 0xf034d8e5u, 0x69958e1eu,
      0x86730fddu, 0x68f226b3u, 0x0188ceccu, 0x9f01cd64u, 0x71ec227au, 0xb4ee7096u,
      0x75796f86u, 0x8ee82684u, 0xd5c57438u, 0x126d8438u, 0x148a840fu, 0xf84e8bb0u,
      0x4a2f3dd0u, 0xa23f1655u, 0xac68bed6u, 0xb56a2e6eu, 0x81a73b52u, 0xe93a0922u,
      0x03bf5c1fu, 0x0c00fe00u, 0xc95b5823u, 0x905a2e9fu, 0xc2708c4cu, 0xb9a9a5d1u,
      0xd012df99u, 0x142d5ce9u, 0x2b95b1f2u, 0x7817773du, 0x8faa01f2u, 0x71d21cafu,
      0x9650247bu, 0x3a270161u
    },
    {
      0xa9c6b232u, 0x95afb52du, 0xbcf770e4u, 0xcb773b13u, 0xc9bd0635u, 0x48933a14u,
      0x84896232u, 0x540cecd1u, 0x9b296a51u, 0x6bb4da71u, 0x586c2625u, 0x4ef2f5f5u,
      0xd61a6821u, 0xaae609cfu, 0x087d7389u, 0x42a64081u, 0xd6382155u, 0x0aa7db8eu,
      0xa5146f43u, 0xa16670fdu, 0x09fb67afu, 0x0c395a15u, 0x7f05db40u, 0x92db8f93u,
      0xcd21aeaeu, 0x8269eaacu, 0xcde84684u, 0xf568a786u, 0xe46dbb4cu, 0xb1250c8au,
      0xcdfed317u, 0xc4416908u, 0x1cf94583u, 0x18dafb4fu, 0x8f333360u, 0x59b0cde3u,
      0x1df8de78u, 0x4d9ce59fu, 0xb753283du, 0x8e4858b3u, 0xfe339e99u, 0x81d515adu,
      0xe5ec000du, 0x83b890bfu, 0xf462a2efu, 0xedbe9f78u, 0x08c73ae9u, 0x46d7bd7au,
      0x6a261ceeu, 0x9cc18fbcu, 0x51cd62b5u, 0xbb8e0337u, 0x3a0bc80eu, 0xd1e827f5u,
      0xd9c3808bu, 0x1f6295a5u, 0xee0b374au, 0xf0a659b1u, 0x99bece97u, 0x4285aca3u,
      0xba3666d9u, 0x2910d18eu, 0xd6e03766u, 0x7088ccb0u, 0xec042976u, 0x12c5bc4fu,
      0x48c0cafau, 0xcd22b66au, 0x61d70298u, 0x2e390195u, 0xf72839dau, 0xc6ba5fcfu,
      0x98fc90a9u, 0x96e0c8e6u, 0xee531094u, 0x25aa51c2u, 0x86ddaf51u, 0x38aa3cafu,
      0xf701aa76u, 0x8a338cd4u
    },
    {
      0x8d2ed8c2u, 0xfaf3e31cu, 0x1ed6d121u, 0xb97225a3u, 0x683ccfa7u, 0xe4b8a8d1u,
      0x0f5ea775u, 0x0c4b211du, 0x1fcc4195u, 0xc93682bfu, 0x5f158814u, 0x0812074fu,
      0xc6254919u, 0x1b1a0095u, 0x581fdf56u, 0xd7115595u, 0xf13e4af7u, 0xc5102e80u,
      0xf3871343u, 0xe5d3ec2au, 0xa7cc27beu, 0x33bc6194u, 0xcaf93ef8u, 0x99389582u,
      0x0f2e4647u, 0x2086a8c0u, 0x0549ecf9u, 0x6b2a07c0u, 0xab2a29f5u, 0xf2c8a68fu,
      0xe8c4ea56u, 0xf97a66d2u, 0x2dc45363u, 0x6091aa53u, 0x72ec1dfdu, 0x65e13103u,
      0xfdc4bbe7u, 0xdb76a83eu, 0xef69f1eau, 0x761a9d24u, 0xa6050595u, 0xa4c561feu,
      0xcc7f013bu, 0x8155b2afu, 0xd92b2296u, 0x88318352u, 0x34fb8979u, 0x36b400fcu,
      0x91f5b676u, 0xced4fd1au, 0xd53925a0u, 0xd092f25fu, 0x5935fb95u, 0x2801463cu,
      0x8fad3119u, 0x4bb10417u, 0x29fae057u, 0xfda45fdcu, 0x8a88b042u, 0x1d4aa5bfu,
      0xbc82fbb6u, 0x4488d82bu, 0x462e3f89u, 0xa0840a93u, 0x0ed8f4bbu, 0x202e23dau,
      0x49937fb2u, 0xde6c01dfu, 0x3dbf9033u, 0xe751920fu, 0xbc89377au, 0x3e981389u,
      0xd68e9debu, 0x11e604eau, 0xa28b8973u, 0xea2e7c5cu, 0x38dbb0adu, 0xd9ad9beeu,
      0x6e0909f5u, 0x957361d1u
    },
    {
      0x80b10343u, 0x0fe911c3u, 0xfd670662u, 0x74ed97e9u, 0xc9a838feu, 0x06e2db05u,
      0xec0fa3c4u, 0x68848830u, 0x5a16c020u, 0x1ecc8686u, 0xae3a3c03u, 0xc94e80eau,
      0xdd619180u, 0x8502b94eu, 0x115ba584u, 0x84dd19b1u, 0xdb910b77u, 0x5039d4ffu,
      0xad495f56u, 0xa21a2f72u, 0xc0ffdd83u, 0x49f08813u, 0xa0c134bau, 0x69988cabu,
      0xf7b4d404u, 0xec0a5a8bu, 0x6e17da54u, 0x6a97a3e8u, 0x1d2ee435u, 0x3f7b1260u,
      0xe696f920u, 0x6313f912u, 0xeff85ae4u, 0xaf095341u, 0x5d22738cu, 0xf10d6d3bu,
      0xe3718520u, 0xb1f0736au, 0x9a1dcd7au, 0xbbf42fa4u, 0x483b1800u, 0x9ab669b6u,
      0x34454b69u, 0xadf13ddeu, 0x91bbd979u, 0x6e8168eau, 0x8c3b98f3u, 0x0ee3f068u,
      0x9e2ae996u, 0x616c8afeu, 0xaa87d422u, 0xa3084651u, 0xe4835136u, 0xd01d5f21u,
      0x197ecb74u, 0xf180b6f8u, 0x88ef9a81u, 0x3e86b8c4u, 0xeb57e59cu, 0x6e61c107u,
      0xf682b268u, 0xb08fda3au, 0x768e7e67u, 0xab2d6a21u, 0x2e98a61du, 0x42dbd2d5u,
      0xa12e7a4au, 0x211904b6u, 0x8a8ec4deu, 0xbc1770e8u, 0xfa878756u, 0x669a5e52u,
      0x3d28eca9u, 0x357098beu, 0x8a0c2056u, 0xff2ee4f2u, 0xf39fa251u, 0x879358bfu,
      0x1e68d777u, 0x137e9e65u
    },
    {
      0x000acbb8u, 0x0002c73fu, 0x000c4871u, 0x0004dfb9u, 0x000e4bd5u, 0x00008428u,
      0x000cdf5cu, 0x000682c5u, 0x000a046du, 0x0002f3a0u, 0x0004537au, 0x000629b6u,
      0x000fb9d7u, 0x000140afu, 0x0009cb57u, 0x000819d0u, 0x0008672au, 0x0006ce18u,
      0x000082d5u, 0x0003ea7bu, 0x0006cc4fu, 0x000b4e7au, 0x000c4d63u, 0x00045999u,
      0x000b3fd3u, 0x000b2b6fu, 0x00065afdu, 0x000c22d0u, 0x00058f7du, 0x00063920u,
      0x000b18eau, 0x0008eec4u, 0x000573a0u, 0x00052075u, 0x00073691u, 0x000e028fu,
      0x000208adu, 0x0003e081u, 0x0000b741u, 0x0007297bu, 0x000f91fbu, 0x0009473eu,
      0x0006454eu, 0x00018e45u, 0x000d7bc6u, 0x000628f5u, 0x00005cd5u, 0x0001ca3eu,
      0x00032115u, 0x000690e1u, 0x000898edu, 0x000a0e85u, 0x000dd3bcu, 0x000f44d2u,
      0x000b80c5u, 0x000616f4u, 0x000865dau, 0x0009dbaau, 0x00035541u, 0x000f6a5du,
      0x0007506eu, 0x000d4f9fu, 0x000bfa2au, 0x0008873eu, 0x00000167u, 0x0003418eu,
      0x000bc581u, 0x0000f05au, 0x000d53fcu, 0x0005e97eu, 0x00045d5cu, 0x00068bf0u,
      0x0004e136u, 0x00099889u, 0x0001f18eu, 0x000a9ad5u, 0x0005e368u, 0x000a50bbu,
      0x000ff01cu, 0x000ffa2bu
    }},
    {{
      0x9bdaabd5u, 0x61e739c9u, 0xcb87b098u, 0x1ce0b38fu, 0x91b0181au, 0x2df02a1du,
      0xd484a453u, 0xeb92c21du, 0x21c0821fu, 0x2ec83019u, 0x97637177u, 0x58439148u,
      0x378a88e5u, 0x18e021aeu, 0x16974562u, 0xe1688816u, 0xf79dcc7cu, 0xb7bef5a1u,
      0x102c616cu, 0x5deb51f2u, 0xe1098abbu, 0xaa1bae60u, 0x38b94d6fu, 0xf0cc514cu,
      0xe25f9c88u, 0xfee7ba13u, 0x07a30418u, 0x48810008u, 0x219ab27cu, 0xf9bb991fu,
      0xfcc1ae9du, 0x2e9101f6u, 0x76f910fbu, 0x36a6b274u, 0x68c3f9a6u, 0xff54ffe5u,
      0x0fd4a66du, 0x29882becu, 0xbffd93cau, 0xf1259611u, 0x67a0c836u, 0x3fc6ad97u,
      0x22071f37u, 0x8821bb43u, 0x89f0928fu, 0x5c100108u, 0x72d0cab3u, 0x68e30cbeu,
      0xbff657f7u, 0x01aff4fbu, 0x38f4a81bu, 0x38c937c9u, 0x3000d601u, 0xbf0921aau,
      0xe3501b43u, 0x34c9249du, 0x7acc7a6eu, 0xb264d952u, 0x49a1d81eu, 0xa9f84e1eu,
      0xa9d490bbu, 0x906f90e4u, 0xee214eebu, 0xc7232763u, 0x914562b8u, 0x58d810cdu,
      0x6c16c5ccu, 0x3e3038d3u, 0xbfba5dfcu, 0xd3402445u, 0x1d7df70cu, 0x22c0a07cu,
      0x2dd88e9du, 0xb55925bcu, 0x1c65d8d3u, 0x0328f55fu, 0x1c32110au, 0x541fab58u,
      0x9c4281c4u, 0x15c0c3d9u
    },
    {
      0xcf50fe2cu, 0xa8da444au, 0x3cbc82ffu, 0xca7d5c14u, 0xf4319b47u, 0xd9cadc18u,
      0xbebd1fc3u, 0xf1e32732u, 0xec905f28u, 0x861f8096u, 0xe87f3ea4u, 0xc101e438u,
      0x31c1fd82u, 0xc1e0cc04u, 0x7ebe3941u, 0x5e135a8du, 0xdd1d5d8du, 0xf8da1c4eu,
      0x2a82b223u, 0x7bfe8d7fu, 0x47bf192bu, 0x05f7200cu, 0xfd1421d4u, 0xc92b4983u,
      0xf210f689u, 0x1c039675u, 0x8ae77eaau, 0x56e22130u, 0xa2a6192bu, 0xeca4509bu,
      0xd9300715u, 0x6103c940u, 0x9d595a91u, 0x687b3e9du, 0x995b3af8u, 0xbd89a338u,
      0xfc78fe4bu, 0xd200845au, 0xd068dd3du, 0x51be212cu, 0x565f5ea4u, 0xbb1c7ba0u,
      0x2521831cu, 0x33ac234eu, 0xcd289b0cu, 0x5633e4d0u, 0x7117d48fu, 0xe0a58e0eu,
      0x122c84fbu, 0x7b2430e3u, 0x0188ce48u, 0x8d01cd40u, 0x7162617au, 0x06e071b6u,
      0x314f6adeu, 0x86816780u, 0xd5052438u, 0x06364c54u, 0x14a2800fu, 0xe84e8b90u,
      0x22f2741au, 0xb23d1651u, 0xac24aad6u, 0x03fa762fu, 0xe275c912u, 0xd1220922u,
      0x1f66041bu, 0x0ebffc00u, 0xc5fa8d62u, 0x90182e8bu, 0xcd638ddcu, 0x8021bd80u,
      0xc01ade99u, 0x149a0ce9u, 0x2381a070u, 0xbb098a6fu, 0x8faa01f2u, 0x71d3172bu,
      0x9010257bu, 0x93805c40u
    },
    {
      0xb0dcaa92u, 0xc1e6e224u, 0xfcf670c0u, 0x0cf05831u, 0x720d4335u, 0xdb983815u,
      0xa612246au, 0xe4ccca21u, 0xe3586a01u, 0xb0adce40u, 0x1025ae25u, 0x36f0fff5u,
      0x1be88009u, 0xe7cd085fu, 0xd9cb71fbu, 0x52b44001u, 0x96a93958u, 0x0a98ffceu,
      0x0e81755du, 0x4c4dd8e7u, 0x37a0efbfu, 0xff765d4du, 0xf611ba70u, 0x489d0e13u,
      0x15bca389u, 0x2a2d38dcu, 0xfd684a00u, 0x7f702787u, 0x974ebb4cu, 0xdd3bc8b1u,
      0xe36dd78fu, 0xf1d7601cu, 0xe53c0547u, 0xfaf6bb0fu, 0xabcd111bu, 0x4e224403u,
      0xdbe8de58u, 0x7514001eu, 0x1c037b35u, 0xaef94cabu, 0xfe059e89u, 0x60cb123du,
      0x866475d4u, 0xdb05b5b6u, 0x9ca4a3efu, 0xaea09e79u, 0x80467fc9u, 0x765ea87au,
      0x44951cefu, 0xb5ce8f14u, 0x34566285u, 0x97b40337u, 0x9a89c826u, 0x4770c6a1u,
      0xea79688bu, 0x0488d3c9u, 0xe28d1703u, 0xb32b1988u, 0xa5aa8eb7u, 0x469c8ca3u,
      0x252f935fu, 0xc03bd50eu, 0xd5f13566u, 0x882f6e3cu, 0xbaac7877u, 0x5e609c4fu,
      0x2ea441bau, 0x282bb7e2u, 0xd70712d0u, 0xbc850185u, 0x0404b9eau, 0xc8bc1a0fu,
      0x38ed94a8u, 0x6995884eu, 0xcb171094u, 0x7038d1c6u, 0xe30faf51u, 0x84db34afu,
      0xf091a876u, 0xe9a52c55u
    },
    {
      0x089d9175u, 0x9e6f7b93u, 0x16d6d132u, 0x39e105acu, 0x2c3ccf22u, 0x6498a8c7u,
      0xba66a7ecu, 0x2b6f23c1u, 0x1fcc4184u, 0x5880ea8fu, 0x7f558804u, 0x08100656u,
      0xafa30851u, 0x3a1a0099u, 0xe80fde66u, 0xd791d59bu, 0x81f6c8fcu, 0x7a820f16u,
      0x326f907au, 0xe973ed65u, 0xa4eaa69au, 0x1fdceed1u, 0x3dfd36e3u, 0x99109480u,
      0x2fac66c6u, 0x1046cb0au, 0x0c02acc3u, 0x7a0a07d0u, 0x2b2a29e6u, 0x9ed826ddu,
      0xe9846a51u, 0x7790e391u, 0x6864d52eu, 0x6111ab47u, 0xf2a38b1eu, 0xf550f174u,
      0x9cfe3bedu, 0xfb2c28cau, 0xde0ac1c6u, 0x7719bd52u, 0xb605059cu, 0x15cd01e9u,
      0xd17f002au, 0x22fa8ab8u, 0xd92aa298u, 0x9c2103c5u, 0xf7699d0cu, 0x3e0200f2u,
      0xd18ffae2u, 0xcea8fd0au, 0xd51a2190u, 0xd092f25fu, 0xbe757a9bu, 0x9963c73cu,
      0x17c5983cu, 0x2b89245fu, 0x689274dfu, 0xa6a43647u, 0xe8283046u, 0x1d4aa5bau,
      0x8667782bu, 0xc408d93eu, 0x7f2a9faau, 0x78dd6f9au, 0x1f06f6b3u, 0xb80a22cau,
      0x50f67cfbu, 0x576e01c5u, 0x2c06c175u, 0xe6519203u, 0x8cd5b7b1u, 0x3d1013c4u,
      0xdc8a8de8u, 0xb1ca10f0u, 0xa20a097fu, 0xd23fdc6au, 0x38dab0adu, 0xddad8be6u,
      0x6c0909fcu, 0xfcfb60d5u
    },
    {
      0x49291fdau, 0x5e1046e9u, 0xfdf7076fu, 0x528d8598u, 0x49a87ce6u, 0x0222db25u,
      0xdd7a25dbu, 0x4004c26eu, 0x5a17c000u, 0x5bc58bf0u, 0x7c3a3c03u, 0x800e886au,
      0xd773d9c1u, 0x8102a90cu, 0x8003365eu, 0x001d11a1u, 0x6b1103e5u, 0x550de8bcu,
      0xfb244115u, 0xf52a2e72u, 0x802ec983u, 0x51f2064eu, 0xe9c104f8u, 0x289880a3u,
      0xd626ad27u, 0xc4e800a4u, 0x6617d834u, 0x4a97a869u, 0x1d26e415u, 0x06c20221u,
      0xe716ec00u, 0xa22a7baau, 0xee515cecu, 0x37095350u, 0xf2c6e706u, 0xae2d363bu,
      0x75c1cdcdu, 0x89b3f428u, 0x9a39dc32u, 0xbb9c7543u, 0x403b1400u, 0xd0226d4eu,
      0x3c090f3du, 0xdcea3b8du, 0x80bbd839u, 0x2fa079f7u, 0x017b146du, 0x1ae3f10cu,
      0x471099d3u, 0x386c9bd7u, 0x82afc170u, 0xa3084a71u, 0xe2bb60b1u, 0x8e5f5c81u,
      0x19071519u, 0xf086b438u, 0xa04e9203u, 0x0df63fc3u, 0xfac7d58cu, 0x6a61c107u,
      0xa637ba9bu, 0xb2ae4f6eu, 0x352eff44u, 0x1f7d8de2u, 0x39f9b63du, 0x82dbc0d1u,
      0x34e516ccu, 0x21181df7u, 0x08eb95cau, 0x1c1760e8u, 0x7085c626u, 0x060a5862u,
      0x2d28dc53u, 0x05139c94u, 0x890c2856u, 0x750daaedu, 0xf29fa251u, 0x8f31d805u,
      0x1e28c7f7u, 0x031e9c1bu
    },
    {
      0x000ce699u, 0x00009aeau, 0x000d4b70u, 0x00089db8u, 0x000f5ae4u, 0x0000822cu,
      0x000febf4u, 0x0006926du, 0x0008007cu, 0x0004f5b5u, 0x0005537bu, 0x000201a7u,
      0x0002118eu, 0x000120aeu, 0x00038a74u, 0x000811d1u, 0x000be533u, 0x0006bfd3u,
      0x00015526u, 0x00054c3bu, 0x0008cf3du, 0x00097643u, 0x000c5c2bu, 0x00004999u,
      0x000ab5b9u, 0x000a6fbcu, 0x00066afcu, 0x000421d1u, 0x0005867cu, 0x00023db0u,
      0x0009926bu, 0x000c0fb7u, 0x0007f370u, 0x00052a75u, 0x00082d81u, 0x000e569bu,
      0x000beb8cu, 0x0002648du, 0x00018745u, 0x0003abfbu, 0x000d15fbu, 0x000f2809u,
      0x000ec6cbu, 0x0002d99du, 0x000f69c6u, 0x000620efu, 0x0002f946u, 0x0000a23eu,
      0x000db71du, 0x000b8ce0u, 0x000008ecu, 0x000a0a84u, 0x000973aeu, 0x000e85dbu,
      0x00078894u, 0x0007d6f4u, 0x000acfdau, 0x000b9dbau, 0x00035455u, 0x000f6a5cu,
      0x000ef9b8u, 0x000b6f97u, 0x000ab86au, 0x000f6e35u, 0x00010376u, 0x0001018eu,
      0x000fc655u, 0x0002f5d8u, 0x000599f8u, 0x0005e97eu, 0x00045d6cu, 0x000003b5u,
      0x0004b017u, 0x000f9b9au, 0x0003f18eu, 0x000b53d2u, 0x0005f368u, 0x000ac8adu,
      0x000df01du, 0x000cbc3fu
    }},
    {{
      0x600d54a9u, 0x96188470u, 0x34684f66u, 0xe31f7c71u, 0x6e5be7e4u, 0xd20fd5e2u,
      0x2b5b1b2du, 0x146d35e2u, 0x9e3f79e0u, 0xd137cf77u, 0x689d8e89u, 0xa7bceeb7u,
      0xc875770au, 0xe71fde51u, 0xe968ba8cu, 0x1e9777e9u, 0x08723183u, 0x48415adfu,
      0x6fc219d6u, 0xa2048e0du, 0x1ef7f5c5u, 0x1df4519fu, 0xc756b290u, 0x0f33aeb3u,
      0x1db06376u, 0x20186588u, 0xd849f9e6u, 0xb76efff7u, 0xde654d83u, 0x265c66f0u,
      0x033e5162u, 0x504ad568u, 0x8916eb05u, 0xc9594d8bu, 0x17a40048u, 0xa0aa621au,
      0xf0194991u, 0xe73e5c13u, 0x40026c35u, 0x0edbe9efu, 0x985f37c9u, 0xc02d1268u,
      0x5df984ccu, 0x6fde44acu, 0x761f6d71u, 0xa3fffef7u, 0x812a2d09u, 0x971cf341u,
      0x401dac09u, 0xfe410f84u, 0xc71b57e4u, 0xc736c836u, 0xcfff29ffu, 0x40e6bc57u,
      0x18afecadu, 0xcb36db62u, 0x95238590u, 0x4d8b24acu, 0xb65e27e1u, 0x5607b1e1u,
      0x722f0f04u, 0x6f906f1bu, 0x11ceb115u, 0x38cdd89cu, 0x6eae9b47u, 0xa727ef33u,
      0x97e87a33u, 0xc1dfc72cu, 0x40158201u, 0x2cbfdbbbu, 0xe2822873u, 0xdd3f4f83u,
      0x52273162u, 0x4aa65a02u, 0xe39a272cu, 0xfcc70ba0u, 0xe3cdeef5u, 0xaff054a2u,
      0x63bd7e3bu, 0xea273c27u
    },
    {
      0x30af01d3u, 0x023939b7u, 0xd3437c00u, 0x358aa3ebu, 0x1bce65b8u, 0x263523e7u,
      0x4382e538u, 0x0e5cd9cdu, 0x136ba0d7u, 0x7621766bu, 0x1780c15bu, 0x3e7e1bc7u,
      0xe67e027du, 0x3e1f33fbu, 0x8341d6beu, 0xa1eca572u, 0x22e2a77au, 0x0f55e3b5u,
      0xd5fd4cdcu, 0xc62172a2u, 0xb840e7d4u, 0xea01def3u, 0x02e9de6bu, 0x36d4b67cu,
      0x0d3f0956u, 0xf3fe698au, 0x71108115u, 0xa91ddecfu, 0x5d59e6d4u, 0x135baf64u,
      0x26cff8eau, 0x9eac21bbu, 0x72a6a46eu, 0x9784c162u, 0x6b054c86u, 0x467e58c6u,
      0x09cf0194u, 0x2dff7ba5u, 0x3f3723c2u, 0xbe41ced3u, 0xa9a0a15bu, 0x54e3815fu,
      0xda567cedu, 0xc452dcb4u, 0x2ad765f3u, 0xa9cc1b2fu, 0x8ee82a10u, 0x1e5a71e1u,
      0xf9db7004u, 0x85d9cf1cu, 0xfe7731b7u, 0x72fe32bfu, 0x8e1ddf85u, 0xf91d8e49u,
      0xce809020u, 0x697e997fu, 0x3a7adac7u, 0xf88230abu, 0xfb5d7ff0u, 0x17b1746fu,
      0xc5bd8a61u, 0x5dc2e9aeu, 0x53d35429u, 0xdd0189d0u, 0x09c8f6adu, 0x3eddf6ddu,
      0xe099fbe4u, 0xe14002ffu, 0x3eb5f3ddu, 0x6fe7d174u, 0x329c7223u, 0x7fce427eu,
      0x3fa52162u, 0xebc5f316u, 0xdc7e5f8fu, 0x0efe7590u, 0x7055fe0du, 0x8e2ee9d4u,
      0x6fefda84u, 0x6c7fa33fu
    },
    {
      0x0e23554du, 0x3e490c57u, 0x03098f3fu, 0x859ea7ceu, 0x1c02bccau, 0xdc67c5eau,
      0x71fd9b95u, 0x1723115eu, 0x78a795beu, 0x0b4235bfu, 0x437a51dau, 0x790f080au,
      0x2a1677f6u, 0x3432f7a0u, 0xe6358e24u, 0xb54bbf7eu, 0x6d52c6a7u, 0x25240038u,
      0xf07f8ab6u, 0xf5b82700u, 0xfa1f1040u, 0xd804a2b2u, 0x08ee058fu, 0xbf6271ecu,
      0xf1525c77u, 0xddd6c733u, 0x7697bdffu, 0xeb97d878u, 0x56b144b3u, 0xfa40b74fu,
      0xe4122870u, 0x722e9f77u, 0x16c3fab8u, 0x315944f0u, 0x74a8eef6u, 0x35ddb7fdu,
      0xb4172187u, 0x5af3e7e1u, 0xe7f794cau, 0x0b22b354u, 0x5dfa6176u, 0x3635edc2u,
      0x519f98eau, 0x7c7e2e60u, 0x43db5c10u, 0x134f6186u, 0xf7b88036u, 0xf9a14785u,
      0x31e3e250u, 0xee3970ebu, 0x0ca39d7au, 0xf843fcc8u, 0xc57737d9u, 0xee8d785eu,
      0x005f9774u, 0x01f72c36u, 0x1573e8fcu, 0xfed9e677u, 0x5a547148u, 0x6d63735cu,
      0x99d860a2u, 0x17c52af1u, 0x2a0fca99u, 0xe75d91cbu, 0x5559c788u, 0x93b363b0u,
      0xd94bbe45u, 0xf7d5481du, 0x4b28ed27u, 0xbf6efe7au, 0x5fc94615u, 0xaf43e4f0u,
      0x87136b57u, 0x3a2b77b1u, 0xf0a8ef6bu, 0x8b462f29u, 0x28f050aeu, 0x0925cb50u,
      0xdd6e5789u, 0xfaf773aau
    },
    {
      0x76626e0au, 0x60a1947du, 0xe9292eddu, 0xc79cfa57u, 0xd3c330cdu, 0x9b67573bu,
      0x45b95856u, 0xf2b4dc35u, 0xe033be7fu, 0xb76b1d66u, 0x80aa77f8u, 0xf7e7f9abu,
      0x715cf7a6u, 0xc5e5ff69u, 0x07f02189u, 0x286e2a6eu, 0x7e013709u, 0x80fdd077u,
      0x8c906e9du, 0x1e2e129eu, 0x5a35596cu, 0xe963103fu, 0xe202c919u, 0x666f6b77u,
      0xd1d39929u, 0xfe3915e7u, 0xf3bd5338u, 0x85f5f835u, 0xd4d5d617u, 0x7127d966u,
      0x177b95aeu, 0x086a9c3bu, 0x979b2ac9u, 0x9fee54b3u, 0x0d9c54e2u, 0x1a6f8e99u,
      0x6201c412u, 0x04dbd73eu, 0x00f73e3au, 0x88e642b0u, 0x49fafa6fu, 0xea32fe10u,
      0x2f807fceu, 0x4d056543u, 0x26d55d61u, 0x62defc3eu, 0x488642b7u, 0xc1edff0eu,
      0x2e310501u, 0x315702fau, 0x2be5de64u, 0x2f6d0dacu, 0x008a8565u, 0x779cb8ddu,
      0xf97267c6u, 0xd456dbb2u, 0x966d8b30u, 0x585bc1b9u, 0x16d7cfa9u, 0xe2b55a47u,
      0x79d987d5u, 0x3af726c1u, 0x90d56045u, 0x8eb2907du, 0xe1bd0949u, 0x47f5dd3bu,
      0xbf098202u, 0xa891fe3au, 0x42e97e8fu, 0x18ae6dfau, 0x732a4850u, 0xc2eeec3bu,
      0x23717217u, 0x4e3def1eu, 0x5df5f682u, 0xa9c12397u, 0xc7254f5fu, 0x2752740fu,
      0x93f6f609u, 0x03849f24u
    },
    {
      0x36f6e037u, 0xa50ea810u, 0x0208f890u, 0xad727a77u, 0xb6578309u, 0xfddd24dau,
      0x2284ca20u, 0xbffb3d95u, 0xa5a83ffbu, 0xa53a795fu, 0x83c5d3fcu, 0x77f17795u,
      0x208e363eu, 0x7efd56f3u, 0x6fbcc8e3u, 0xff62ee56u, 0x84eefc1au, 0xaac21700u,
      0x84daa8ebu, 0x0ad5d08du, 0x7fd1267cu, 0xae0fe9a1u, 0x163eeb04u, 0x5767775cu,
      0x29d942dbu, 0x3b15af73u, 0x99e825cbu, 0xb5685f96u, 0xe2d91beau, 0xf9757ddeu,
      0x19e913ffu, 0x5cd584c5u, 0x11aea71bu, 0xc8f6acafu, 0x0d7888e3u, 0x50d2c9c4u,
      0x0a0e2230u, 0x764d0e57u, 0x65c622cdu, 0x44438a3cu, 0xbfc4ebffu, 0x25dd8219u,
      0xdbf6f18eu, 0x2344c272u, 0x7f4427c6u, 0xd05f8600u, 0xff84eb86u, 0xe51c0ef3u,
      0xb1cf262cu, 0xc7937428u, 0x7d703f8fu, 0x5cf7b58eu, 0x1d448f4cu, 0x70a2a72eu,
      0xe7b9f8d3u, 0x0f795bc7u, 0x5fb16dfeu, 0xe349d038u, 0x05383a73u, 0x959e3ef8u,
      0xcdf85557u, 0x4d51a081u, 0xcad110a9u, 0xd092e01du, 0xc6265dc2u, 0x7d243f2eu,
      0xdadbf9b7u, 0xdee7e208u, 0xf7346a31u, 0xe3e89f17u, 0x8f7a39f9u, 0xf8f5a78du,
      0xd2d723acu, 0xfaec736bu, 0x76f3d7a9u, 0x8af25118u, 0x0d605daeu, 0x70ce27fau,
      0xe1d73808u, 0xfce163b6u
    },
    {
      0x00033b66u, 0x000a7195u, 0x0002b48fu, 0x00074247u, 0x0000a51bu, 0x000f7dd3u,
      0x0002004eu, 0x000b6d93u, 0x0007fb83u, 0x000a08cau, 0x000aac85u, 0x000d7e58u,
      0x00054e71u, 0x000edf51u, 0x000c358au, 0x0007e62eu, 0x00041accu, 0x00090825u,
      0x000e28eau, 0x000aa3c4u, 0x000731d2u, 0x0006a3bcu, 0x0003a395u, 0x0007b666u,
      0x0007c847u, 0x00059003u, 0x00099503u, 0x000bdc2eu, 0x000a7983u, 0x000dc24eu,
      0x00067d95u, 0x0007a949u, 0x00080caeu, 0x000ad58au, 0x000fc36fu, 0x0005a964u,
      0x00041472u, 0x000d9f73u, 0x000f78bau, 0x000c5405u, 0x0002ea04u, 0x0002f5d2u,
      0x0001b334u, 0x000c6642u, 0x00009638u, 0x0009df10u, 0x000d24bbu, 0x000e5dc1u,
      0x000258e2u, 0x0005731fu, 0x000ff713u, 0x0005f57bu, 0x00028c50u, 0x00010a25u,
      0x0000777au, 0x0008290bu, 0x00053a24u, 0x00066455u, 0x000cababu, 0x000095a3u,
      0x00085fc3u, 0x00049069u, 0x00054794u, 0x000901cau, 0x000afe88u, 0x000efe71u,
      0x000039beu, 0x000d0a27u, 0x000a6607u, 0x000a1681u, 0x000ba2a3u, 0x000fec4au,
      0x000b0fe8u, 0x00026665u, 0x000c0e71u, 0x0004272du, 0x000a1c97u, 0x0005b752u,
      0x00020fe2u, 0x000b47d1u
    }}
};

/* perceive/0: multiplier of each output; 80, 16 bits each, 160 bytes. */
static const int16_t perceive_0_multiplier[80] = {
    11976, 8142, 16007, 11469, 13933, 13435, 7288, 10735, 15232, 10659, 14019, 22137, 13126,
    15043, 10587, 24352, 14952, 9018, 10610, 8798, 13320, 10077, 12795, 20670, 11917, 10331,
    15530, 14618, 13727, 10820, 12478, 7230, 12112, 13874, 7788, 11126, 11585, 10516, 10714,
    9761, 15332, 10763, 10040, 6727, 14387, 14326, 11068, 17961, 12196, 12993, 13285, 16097,
    11834, 9117, 10342, 14864, 18640, 7905, 15069, 15142, 8678, 19681, 11173, 6575, 9756,
    11219, 10828, 19885, 8303, 12126, 12058, 16080, 14427, 10440, 17187, 11961, 23965, 11223,
    20128, 11667
};

/* perceive/0: what is added then, before the shift; 80, 32 bits each, 320 bytes. */
static const int32_t perceive_0_bias[80] = {
    8076507, 14378487, 13334183, -17042161, 4359699, -13910328, 8477347, -3644347, -4126337,
    -6019677, 1027434, -21888288, -2105425, -16502648, 2176785, -8970113, 744963, 12067794,
    366814, 5080480, -13432117, -1726786, 4572677, -15159502, -5631083, 1655491, -3854571,
    -17693661, -6269455, -9031701, -10099882, 4457859, -1563257, -5744583, 5101917, -6148581,
    22999454, -15858197, -4397627, 4842067, -14254427, 7836113, -9830973, 3522857, -2802460,
    -4434116, 12701737, -4024131, 14250325, -11668221, -8345328, -15503783, -583250, 342189,
    271788, 3747719, -6768385, 1352687, -2434210, -5384886, -5705102, 8412011, 4530336,
    3239489, -2132075, -13345802, -10020251, 1358742, -1635602, -17162130, 7504929, -12622401,
    6793461, -4251013, -12331251, 2370258, -12230977, -4709598, -20968577, -15554293
};

/* update/0: weights as [plane, word, output]; 4 x 2 x 80, 32 bits each, 2,560 bytes. */
static const uint32_t update_0_weights[4][2][80] = {
    {{
      0x01add4f3u, 0x6fe0c5c2u, 0xf4ac9be6u, 0x6fd2e446u, 0x89c1b644u, 0x1046101au,
      0xa5ce3b34u, 0x5fb42330u, 0x2b7ca098u, 0x483d376au, 0x18051577u, 0xa2054926u,
      0x66ed5801u, 0xb8cb9172u, 0x2750ef01u, 0xfef4dbb8u, 0x4ce2ebc5u, 0xe6b15e87u,
      0x0ee0ad91u, 0x4f7a30b6u, 0x30025fbeu, 0x0750742au, 0x29964afbu, 0x6a2c005fu,
      0x6280f8a3u, 0xde72ed6au, 0x7ba00cc2u, 0x1d168963u, 0x5bf4cb2eu, 0x764950e3u,
      0x730c2de1u, 0xb4b80f31u, 0xa24e02beu, 0x1ec2e131u, 0xccbf04b7u, 0xd9bbe881u,
      0xee4ef3d6u, 0x75ad0ac8u, 0x201f4676u, 0x6e9ac081u, 0xbecc955bu, 0xa665548eu,
      0x711b6e90u, 0xa2e9e22du, 0x20052c25u, 0x6188318eu, 0x51461996u, 0x22c731adu,
      0x19c0a2eau, 0x5296657cu, 0xd344e1efu, 0x5d452d84u, 0x42c46a29u, 0x1ef7cd68u,
      0x2b2a6c9cu, 0xce4f7f6fu, 0x1cfe96aau, 0xcea92199u, 0xfff0a7bdu, 0x570f7809u,
      0x6242cd7bu, 0x45c9ccccu, 0x72e7d105u, 0xcc7c966au, 0x8f867c92u, 0xd834f554u,
      0x7e7338dau, 0x2a1980f7u, 0x25873bc9u, 0xbd4639d1u, 0x36007870u, 0x68e73c34u,
      0xee9a4358u, 0x40c909e2u, 0x9d77faaeu, 0x41909566u, 0x40d08412u, 0x93c00f1bu,
      0x68081217u, 0xfc29f995u
    },
    {
      0xae69b43au, 0x3d1b3377u, 0x698fd7d8u, 0x9e05a4edu, 0xd28b47efu, 0x1de8d773u,
      0xfe5bb573u, 0x193830bdu, 0x5772e762u, 0x2de7ada3u, 0xff687e6au, 0xe08d1f5au,
      0x559bbe80u, 0x525bccc0u, 0x24d5bc68u, 0x9477d099u, 0x9ce7d084u, 0x2fd584b2u,
      0x0004a78bu, 0xcfdbe104u, 0x0d25a3deu, 0x6c118314u, 0xf5727f35u, 0x3b5f523eu,
      0xcb1dbc2au, 0x4a9b5709u, 0xdf18f95bu, 0x483846c8u, 0x7095af48u, 0x8051f0e5u,
      0x93f2d183u, 0xf461be5du, 0xa0f09e14u, 0x8840cf0eu, 0x6e007cb2u, 0x95a5ff5fu,
      0xe9b24481u, 0x07658de4u, 0x20cda6fcu, 0x4653ad59u, 0x4e4ee341u, 0xbe4fba93u,
      0xf732d0acu, 0xfb7ce92au, 0xdccbce62u, 0x1700e0bdu, 0xf34e1a70u, 0x84bd2140u,
      0x1b926cbau, 0x71342db8u, 0x45be62e8u, 0x91b437f8u, 0x154bf5d2u, 0x4c34e758u,
      0xdb8cf36eu, 0xe07e8677u, 0x21eee10du, 0x01149bd8u, 0x05a3d052u, 0x952b791fu,
      0xae98554fu, 0x85721171u, 0xa6931321u, 0xa9b0c259u, 0x7239dd44u, 0xe907a553u,
      0x09afc388u, 0x303134d9u, 0xa30518a7u, 0xcb9c5053u, 0x44558352u, 0xf70112fcu,
      0xd184c154u, 0x4a476eb5u, 0x09de2febu, 0xbcb2853au, 0x369346ccu, 0x1966bd4cu,
      0x1fc658dau, 0xe773ce58u
    }},
    {{
      0x5b37a4d5u, 0xf0f1872cu, 0x35a3491fu, 0x9e8cd1ccu, 0x83a00071u, 0x5ae9d2f3u,
      0x488ad59cu, 0x7f7607e0u, 0xcbf9bd22u, 0x4ea56760u, 0xca942fe0u, 0x9e6f392cu,
      0x0d97ff05u, 0x2460e5f0u, 0xe58bc22cu, 0x5d8e7023u, 0xdb93a5afu, 0x34e914afu,
      0x0e3b7b11u, 0xfa2a79ecu, 0x8599eabeu, 0x31aee60eu, 0xfe31ecd6u, 0x95f968aeu,
      0xa40e59a0u, 0x98883131u, 0x2d692592u, 0xb587874fu, 0x7202c583u, 0xe11c83a0u,
      0x45e5d59cu, 0x695a8b44u, 0x8678b125u, 0xaed0b470u, 0xcd5c35e1u, 0xbdb2c087u,
      0x23d57dd9u, 0x5c250873u, 0x8ea4a962u, 0x604b011du, 0x95cfc8f3u, 0x7fb6b91au,
      0xe17e3587u, 0x0be8aa37u, 0xa1dcb94eu, 0x2a79e94du, 0xbeef8309u, 0xec0e1f5au,
      0xb3967489u, 0xb49a9fffu, 0x4502816eu, 0xd4a02359u, 0x755f8287u, 0x2d2f6952u,
      0xc2c3b7d8u, 0x65883142u, 0x44363eeeu, 0xdea6d8e0u, 0x741f51cbu, 0x6ec578bfu,
      0x0c2ed6d1u, 0x04a5c103u, 0xdbe5a0ddu, 0x8d0c77b8u, 0xd3929667u, 0x3f449101u,
      0x6a2b3d9bu, 0x7d015235u, 0xcae198f0u, 0xa9b005f0u, 0xf5bce718u, 0xfe9abbc3u,
      0x0d382db6u, 0x70568241u, 0xfc533251u, 0x0264a562u, 0x1c1836ffu, 0x83911376u,
      0x3e38852eu, 0x8e018461u
    },
    {
      0x9c6ae1e9u, 0x0c1d3862u, 0x50fe36d9u, 0xb114522au, 0xd7ff27fcu, 0x9f1840f9u,
      0xd80425a1u, 0x6199d5fdu, 0x7ab615c6u, 0xc440aa6cu, 0x27c9a515u, 0xae388f52u,
      0xd1ac422cu, 0x1068c889u, 0x84c48470u, 0xc63a9edfu, 0x69651681u, 0xd567ccabu,
      0xfaef3b9fu, 0xc22204a7u, 0x4dda13fau, 0xfa099437u, 0x2fcf2f42u, 0x1ff046eau,
      0x5dc73e0bu, 0xa44dc882u, 0x34a041c8u, 0x6d99d2d8u, 0x67c02abcu, 0x9cc6ddd7u,
      0x39c898aeu, 0x449c6a45u, 0xe63b8f4bu, 0x6cafd1d6u, 0x33b13da8u, 0x86afe516u,
      0xdfdef5d2u, 0xe9db3e48u, 0x8e8a60a6u, 0x0b07a779u, 0x5d917247u, 0x783bca97u,
      0xa404904au, 0x2c904400u, 0x63511b40u, 0x87169286u, 0x743673b1u, 0x163a57c5u,
      0xea701624u, 0x89bf6d17u, 0x491ba45au, 0xc110891eu, 0x84b6f033u, 0xb12ab773u,
      0x7c352dfau, 0x7dfc4db3u, 0x55972e9bu, 0x39718c89u, 0x6c9dd57eu, 0x1fe2139fu,
      0x097837f1u, 0xf57317a2u, 0x700f8488u, 0x151fef81u, 0x56160eeeu, 0xd4a5d8f2u,
      0x891a09a8u, 0xf32b5f71u, 0x21ae7fa4u, 0xbe19669eu, 0xe52dcb6fu, 0x0aaaacbbu,
      0x3cf6a6d8u, 0x45a1bba7u, 0xd9508fe5u, 0x42c6ae43u, 0x3a8991b9u, 0xf8eca6fau,
      0x896746a5u, 0x5a3829f6u
    }},
    {{
      0xc37fb7d7u, 0xb423d37au, 0x6ca10d74u, 0x20de97fau, 0x03c02361u, 0xd6e89271u,
      0x19ca41bcu, 0x177c2166u, 0x6ad2cdaeu, 0x78acafeau, 0x199aaf06u, 0x4d8f9929u,
      0x4f17bca7u, 0x09670dd2u, 0x658bcf29u, 0xb701e995u, 0xf9572277u, 0x55b517f5u,
      0x6af40030u, 0x80ab2f08u, 0x9c50ef9eu, 0x14d6a0b9u, 0x41d3a9f3u, 0x55f86eadu,
      0x3d0bea4eu, 0x65a4486cu, 0x9d693f46u, 0xcf12217cu, 0x51a6840cu, 0x505c95eau,
      0x54a5b56eu, 0xd176ddcdu, 0x128fc1efu, 0x7fe91464u, 0xefed9521u, 0x406dd921u,
      0x2719785cu, 0xcf9b4a70u, 0x87f01ea1u, 0x5d8b6381u, 0x855dd5ffu, 0x68866e8au,
      0x340061a8u, 0xb5eada8bu, 0x58af4cbfu, 0x31798be2u, 0xa38f8924u, 0x9c0fdfcbu,
      0x1be4132fu, 0x06bc9dedu, 0xee18d37fu, 0x8efc48dau, 0xe15140aeu, 0x3c058d03u,
      0xc2736598u, 0xa6850216u, 0x9eb44695u, 0xb361e5c4u, 0xf4d411b9u, 0x3e652c76u,
      0x360eddbdu, 0x24a6c729u, 0xb183e5e1u, 0x1d5c7b79u, 0x43809277u, 0xc6c4001au,
      0x6941e921u, 0x3aa674fdu, 0xf8e274c6u, 0x5dc037aau, 0x75089508u, 0x7e9cbd8fu,
      0x96b54db2u, 0xa1999360u, 0x3d1b32ddu, 0x0640a55eu, 0xbe32d426u, 0x25732523u,
      0xbc7b856fu, 0x6848e086u
    },
    {
      0x86183abfu, 0xb139530bu, 0xe4a61fe9u, 0x7bf089f8u, 0x1e1527c5u, 0x9a28c6cdu,
      0x1b1df2afu, 0x819d9bbfu, 0x67955f47u, 0xdf782ea1u, 0x0dc988d7u, 0xea14b797u,
      0x67629dddu, 0xb20d5233u, 0x00c78a0du, 0xf0098e4du, 0x3a4b35f2u, 0x3005b6fbu,
      0xcbad939cu, 0x8efc7aefu, 0x87aaf65du, 0x2b25e10au, 0x33c7b5f1u, 0x7fb17613u,
      0x3fc9c751u, 0xf2e69c97u, 0x767c7b01u, 0xe7c1d3d4u, 0x55d7c2c8u, 0x1e48f5bfu,
      0x8b78c9aeu, 0x9f50921cu, 0xb79bb7e9u, 0x37435513u, 0xc399f099u, 0x044bc816u,
      0x0df7e761u, 0x91571adcu, 0x1cd62adeu, 0x49b11718u, 0xdf187241u, 0xa3b2d863u,
      0x7e20b7abu, 0x68c4d762u, 0x2a0a30b0u, 0xbc7d8353u, 0x7f205877u, 0xf8831856u,
      0x5a912a7bu, 0x31775dffu, 0x4f47ebc6u, 0x47381358u, 0x0f30f003u, 0xd926b7b3u,
      0x0c2287cau, 0x8c4527c9u, 0xbd34985du, 0x38cb0e1cu, 0x84d15914u, 0x0774109bu,
      0x9002f885u, 0xbd6387b3u, 0x72438108u, 0x1d714f00u, 0x761a16e0u, 0xd231a95fu,
      0x0d2a6289u, 0xec9fcb6au, 0xfbaf4b11u, 0x1299140du, 0x68a5d468u, 0xda8ebc3eu,
      0x943c6b58u, 0x54b873b7u, 0x8b58aba6u, 0x8b87b280u, 0x17975f25u, 0x84b9fe84u,
      0x137715cau, 0xf53a61d0u
    }},
    {{
      0x3c824a68u, 0x0b1f2844u, 0xdbdef6cbu, 0x9d356854u, 0x7c3fdc1eu, 0x29176d8cu,
      0xf635bc07u, 0xf883deddu, 0x94253615u, 0xa55b80d1u, 0xe62750fdu, 0xf15066d2u,
      0xa0c847fau, 0xdeb9126du, 0x9a743096u, 0x2afe465au, 0x0468d808u, 0xaa0aea0bu,
      0xdd5bbfcdu, 0x1d57fcd7u, 0x7baf1461u, 0xeb2b5f94u, 0x8e2c5708u, 0xaa07d152u,
      0xcbf114d1u, 0x0bd397b7u, 0x7296c229u, 0x1884dea3u, 0xac593a35u, 0x8fe36c19u,
      0xaa5a4a91u, 0x2e892230u, 0xef302c30u, 0xb0356bb5u, 0x92306808u, 0x3a06269fu,
      0xdce6a3a3u, 0x2270b58eu, 0x790be1dcu, 0x9376fe6eu, 0x7aa22a00u, 0x8279d12du,
      0x9ad59a5fu, 0x58170574u, 0xaf7e55f8u, 0xd40c5076u, 0x4e74763bu, 0x33f860b6u,
      0x6457c846u, 0x69492050u, 0x93e16c90u, 0x21139f35u, 0x1ea6bf11u, 0x43ea72bdu,
      0x3d8c9a27u, 0x583ed9adu, 0x6149e929u, 0x3cd81a7bu, 0x0b2bee46u, 0x919ac388u,
      0xcbf12200u, 0xdb5938feu, 0xd67c9e3au, 0x72a38487u, 0xac7d6dc8u, 0x013bdae7u,
      0x97bc525eu, 0xc5598f02u, 0x471fab7fu, 0xa24f8e61u, 0x8af77af7u, 0x00634628u,
      0x694af04fu, 0x8e667c9fu, 0xc2a4cdb2u, 0xfdbf5abdu, 0xe3e56bd2u, 0xdaaed9deu,
      0x43c77a05u, 0x17f61f3au
    },
    {
      0xb1e78d14u, 0x13e6d4d6u, 0x9351e816u, 0x0d0b3717u, 0xad68da5au, 0x21d73912u,
      0x6fe20554u, 0xfe626400u, 0xcd6aa0b8u, 0xb1bfd85fu, 0xd2b65348u, 0x51eb6039u,
      0xd2d57887u, 0xcdf6bd2eu, 0xff3873d6u, 0x0bc56913u, 0xcdb448fcu, 0x4ada5105u,
      0xfc506c60u, 0x79030f38u, 0xb95509a2u, 0x84ce0ee5u, 0xccb85a2eu, 0x801e914cu,
      0xa5368bf5u, 0x6d192269u, 0x89cb8df6u, 0x38736c0au, 0x2a397506u, 0xe1b50b01u,
      0x74872651u, 0x22af65a2u, 0x28644356u, 0x0f3813aeu, 0x3c6e034fu, 0x7bd011d4u,
      0xf209181fu, 0x6ea8e123u, 0x2339d501u, 0xb44c68a6u, 0xa8e78dbeu, 0x4cc863c9u,
      0x4bdf7ac5u, 0x973b33d6u, 0x571dcb4eu, 0x4b927f6cu, 0x80dbafc8u, 0x676cefa9u,
      0xe55eb3c0u, 0xce08ba00u, 0x70ec1c84u, 0x38cfe5a7u, 0xf0cf0ffcu, 0x2edd488cu,
      0xf3d97817u, 0xd3bad83eu, 0x02cb47a2u, 0x2634f570u, 0xb36ea6ebu, 0xf08fef64u,
      0xa5ef077au, 0x4a9c794du, 0xcdfc7e77u, 0xe28eb0ffu, 0x89e5f91fu, 0x295a0ea4u,
      0xb6d59f77u, 0x8b62b4a5u, 0x0452802au, 0x64c7edf1u, 0x975a2b96u, 0x757143c0u,
      0x6b4b9087u, 0xcb4f8d50u, 0x74a75458u, 0x35525cfeu, 0xe86cb0c2u, 0xfd420b7bu,
      0xee98a301u, 0x2ac5962du
    }}
};

/* update/0: weights as [plane, output]; 4 x 80, 16 bits each, 640 bytes. */
static const uint16_t update_0_rest[4][80] = {
    {
      0x3021u, 0xfa6au, 0x2afau, 0xdd90u, 0x338au, 0x2a43u, 0x4decu, 0x165cu, 0xd832u, 0x266bu,
      0xf339u, 0x100du, 0xecccu, 0x4701u, 0x1bd6u, 0x491bu, 0x9d85u, 0x8dc7u, 0x3b70u, 0xb26fu,
      0x96deu, 0xe200u, 0xb837u, 0x5489u, 0x31fcu, 0x5400u, 0x1940u, 0xbe33u, 0xe73du, 0x19c6u,
      0x1a35u, 0x7b84u, 0xe2e3u, 0x0d8du, 0x5047u, 0x0ce3u, 0x2f8eu, 0xc1f5u, 0x51d9u, 0xbb5eu,
      0x9d61u, 0x0defu, 0x8faau, 0xb1b3u, 0xc8ecu, 0x7f20u, 0x54c0u, 0x81a0u, 0x24b9u, 0x1c1eu,
      0x7dfbu, 0x4743u, 0xe320u, 0xdad0u, 0x1337u, 0x3039u, 0xa357u, 0x5b73u, 0x83dbu, 0x97ccu,
      0xfda7u, 0xa130u, 0xe9feu, 0x48a6u, 0x6fe3u, 0xcc26u, 0x99bcu, 0xe137u, 0x3cbfu, 0xa2dbu,
      0x47f3u, 0x93d8u, 0xf3beu, 0x17dfu, 0x292eu, 0xaf9bu, 0x6d25u, 0x7331u, 0x8a9cu, 0x2e9du
    },
    {
      0x4c1au, 0xc0eau, 0x5618u, 0x5581u, 0x9a5cu, 0x8983u, 0x2f40u, 0x1453u, 0x800fu, 0x8ee3u,
      0x1fb9u, 0xa728u, 0x1312u, 0x05c1u, 0x1b47u, 0xbb79u, 0xa498u, 0x11bdu, 0x7a6au, 0x4ec7u,
      0x2bfcu, 0xc80fu, 0xb00eu, 0x794cu, 0xb818u, 0x2f17u, 0xdcc6u, 0x93dbu, 0xaddau, 0x629au,
      0x1fe5u, 0x8d32u, 0x8c27u, 0x459bu, 0x5174u, 0xc438u, 0x367fu, 0x47e0u, 0xe237u, 0x916cu,
      0xb33cu, 0x48f9u, 0x90b9u, 0x6e45u, 0xb8eeu, 0xebd3u, 0x5a21u, 0x7e75u, 0x02f9u, 0x81dfu,
      0xbcb0u, 0xbe47u, 0x00b5u, 0x4485u, 0x9588u, 0xbf41u, 0x5cadu, 0x9d8cu, 0x5b6bu, 0xafb9u,
      0xaa35u, 0x64ceu, 0xe285u, 0x6c76u, 0xad6cu, 0x9c64u, 0xcb16u, 0x636au, 0xe106u, 0xed24u,
      0x25a0u, 0xfaabu, 0x35bau, 0x3296u, 0x6fe1u, 0x4f7eu, 0x6e59u, 0xc51bu, 0x67e0u, 0x18ecu
    },
    {
      0x45d0u, 0xd98bu, 0x925cu, 0x5a91u, 0xba19u, 0x29cdu, 0x2c77u, 0x153bu, 0x6878u, 0xa717u,
      0x1bb9u, 0xa899u, 0x4a0au, 0x9c87u, 0x1fc7u, 0xb779u, 0x4ebcu, 0x16a6u, 0xdf76u, 0xa9b8u,
      0x17cdu, 0xe05au, 0x2c26u, 0x53e9u, 0x2201u, 0xf5f3u, 0x7812u, 0xeb9au, 0xa5c0u, 0x0e9eu,
      0x9fe4u, 0x8188u, 0x4aedu, 0xfbbbu, 0xf712u, 0x0980u, 0x1177u, 0xd9bfu, 0x0de4u, 0xd14cu,
      0x3212u, 0x8949u, 0xc149u, 0xc6e6u, 0x0b72u, 0x79e5u, 0x776au, 0x3806u, 0xa8fcu, 0x53dfu,
      0x1d73u, 0x96c2u, 0x0210u, 0x6602u, 0x9681u, 0x7a63u, 0xa8edu, 0x825du, 0xc332u, 0xde5au,
      0x1bfcu, 0xa70eu, 0xeb34u, 0x6815u, 0x2cf5u, 0x51d6u, 0xeb56u, 0xa4b8u, 0xd978u, 0xadc9u,
      0x65f2u, 0xe2b3u, 0x2f92u, 0x73d3u, 0x6e62u, 0x5e18u, 0xca10u, 0x4df9u, 0xa0a8u, 0x8f74u
    },
    {
      0xbaafu, 0x2577u, 0xeda1u, 0x237cu, 0x45e7u, 0xf632u, 0x9388u, 0xeac4u, 0x95c5u, 0x59c8u,
      0xe446u, 0x5666u, 0xb7f5u, 0xc07eu, 0xe438u, 0x4884u, 0x9363u, 0xe858u, 0x8098u, 0x7373u,
      0xe812u, 0x3fa5u, 0xd9dbu, 0xae32u, 0xceefu, 0x0eddu, 0xb7acu, 0x4466u, 0x5a3eu, 0xf563u,
      0x621bu, 0x7e7du, 0xb510u, 0x9646u, 0x2cb9u, 0xfe3fu, 0xce8au, 0x2540u, 0xfe1au, 0x2e93u,
      0xccedu, 0x7564u, 0x3e96u, 0x1918u, 0xe511u, 0x821au, 0xa9bfu, 0xc37bu, 0x5d12u, 0xac20u,
      0xe28eu, 0x6b3cu, 0xfdcdu, 0xb9fdu, 0x697fu, 0x87d8u, 0x7713u, 0x7eb8u, 0x38cdu, 0x2367u,
      0xe408u, 0x58f1u, 0x144bu, 0x95eau, 0xd20au, 0x2439u, 0x3589u, 0x5ed7u, 0x36c5u, 0x5a3eu,
      0x9a2du, 0x1d6fu, 0xd067u, 0x8c28u, 0x939du, 0xa1c6u, 0x12ecu, 0xb0c7u, 0x5c57u, 0xf289u
    }
};

/* update/0: multiplier of each output; 80, 16 bits each, 160 bytes. */
static const int16_t update_0_multiplier[80] = {
    8347, 12757, 8364, 11003, 9756, 15542, 8391, 11095, 11834, 7670, 9819, 11452, 9952, 8024,
    11422, 7470, 10463, 10979, 6737, 6257, 7915, 9691, 7150, 9641, 7332, 6993, 7373, 11605,
    15783, 6986, 28080, 14314, 7741, 6204, 8685, 8901, 6494, 10762, 10671, 11096, 9718, 6660,
    6815, 9386, 6313, 8659, 7948, 9312, 9230, 9543, 7939, 7849, 12563, 7892, 12006, 7197,
    12670, 6673, 10952, 8689, 11442, 10313, 7380, 9572, 13403, 14480, 10619, 7182, 8339, 9079,
    9713, 9384, 8518, 9760, 12218, 7797, 9609, 6931, 12845, 11190
};

/* update/0: what is added then, before the shift; 80, 32 bits each, 320 bytes. */
static const int32_t update_0_bias[80] = {
    200568, 430486, -179611, 463488, -45365, 871403, 261844, 95817, 29055, 137209, 503621,
    -452889, -296529, 397347, 322716, 765409, 782338, 484590, 283327, 150046, 424239, 449194,
    770894, 623225, 628843, 625405, 364094, 330097, 411088, -41072, 2485271, 816886, 494044,
    327385, 589864, 655625, 343113, 398280, 697137, 586707, 737357, 125239, 302099, 625541,
    284548, 875814, 50961, 160687, 707976, 1253461, 68266, 820157, -99695, 422869, 314221,
    475867, -67902, 216347, 170303, 585188, 526942, -428696, 281517, 52001, 332300, 366511,
    -149393, 211873, 243327, 371043, -15105, 245635, -13830, 578719, 64483, 4722, 642894,
    -597537, 411569, 1064539
};

/* update/1: weights as [plane, word, output]; 4 x 2 x 19, 32 bits each, 608 bytes. */
static const uint32_t update_1_weights[4][2][19] = {
    {{
      0x44d69933u, 0x71410a87u, 0x80e94e81u, 0xa08c8b0cu, 0x6ee3a6d0u, 0xf9c98e48u,
      0x97f89035u, 0xefcd10e1u, 0x0f7a06deu, 0x3cfad3dcu, 0x77db082cu, 0xf9b07418u,
      0xf088a8dfu, 0xc6a29170u, 0x99103e2du, 0xfa2610c7u, 0xec511f73u, 0xf5240b6cu,
      0xc67c5662u
    },
    {
      0xbd478e33u, 0x10edb16eu, 0xec0da7d6u, 0x120d5ca8u, 0xd5ffba8eu, 0x101a9a8bu,
      0xda491c9du, 0x49c0b2b9u, 0x132ae9fdu, 0x34b6775eu, 0xda68c3e9u, 0x57cd169du,
      0x86c657d7u, 0xaec9b228u, 0x14993c2au, 0x950e5c25u, 0x7fab0dfdu, 0xfc32738du,
      0xf7bf6ac1u
    }},
    {{
      0x24305ecdu, 0x64d18fa7u, 0x46c08feau, 0xb37c5ccau, 0xae5b0a2du, 0x98f2b7acu,
      0x0491b717u, 0x479eb1ceu, 0x8bbea4e0u, 0x33d0c7ddu, 0xf7d3bd29u, 0xfd5aca5au,
      0x71b1c6d7u, 0xd37643f5u, 0xbb1ef084u, 0xbf4c28fdu, 0xc8630873u, 0xd0360be9u,
      0xf4fee077u
    },
    {
      0x527ed721u, 0xb150c604u, 0x5934b17eu, 0x5b86da69u, 0x879f12b6u, 0xd0e87ed7u,
      0x381b6c15u, 0xfd06f6e8u, 0xf26c1056u, 0xdcbde60cu, 0xba879bbfu, 0xf72f4466u,
      0xd441e72eu, 0x99036e39u, 0x63209534u, 0xff57573bu, 0x8bf3cdbdu, 0xeebfbefcu,
      0xda84a1e8u
    }},
    {{
      0xa4969c6cu, 0x7897ad85u, 0x213885f3u, 0x21462576u, 0x08d31830u, 0x389cd714u,
      0xb47b3003u, 0xdf5cd0afu, 0x3b5a2318u, 0xb198c7ddu, 0xf7d3bd29u, 0xf95ae81au,
      0xd5af8a5bu, 0x935ee1c0u, 0xbf8abe89u, 0x0bc6dcfcu, 0xcce30873u, 0xd4360bedu,
      0xf4e44a76u
    },
    {
      0x505f4210u, 0x124db122u, 0x09fbe625u, 0x9f2551bbu, 0x299b95deu, 0x38ae4a62u,
      0x329a2045u, 0xfd4bf2abu, 0x81f0e834u, 0xdcb5e70cu, 0x7aabdbafu, 0x9f779077u,
      0xf453067au, 0x72b23fb3u, 0xb33ff27cu, 0x932f46e9u, 0xcbfb4cbdu, 0xeebbbeecu,
      0xf58de3ecu
    }},
    {{
      0xdb696393u, 0x8738127au, 0xdf756210u, 0xdea3da81u, 0xd324e7dbu, 0xe3ad4cebu,
      0x4b3c4bfcu, 0x20236f50u, 0xe4a19e27u, 0xde673822u, 0x082c4ad6u, 0x06a717e5u,
      0x2a5075a1u, 0x6ca99e2fu, 0x407d017au, 0xc5312313u, 0x339cf78cu, 0x2bc9f412u,
      0x0b13f58cu
    },
    {
      0x8fa0b9efu, 0xadba0cdau, 0x962459dbu, 0xe07ea754u, 0x76e16e21u, 0x0b9bb4dcu,
      0xc565dbaau, 0x42b40d17u, 0x7d3e13cdu, 0x034a18f3u, 0xc5542450u, 0x20a16f88u,
      0x6bacfaa1u, 0x8d6dc0ccu, 0x4cc80d83u, 0xdc98b900u, 0x3416b242u, 0x11444117u,
      0x0a721d1bu
    }}
};

/* update/1: weights as [plane, output]; 4 x 19, 16 bits each, 152 bytes. */
static const uint16_t update_1_rest[4][19] = {
    {
      0x4f60u, 0x4128u, 0x7938u, 0x719fu, 0xee9cu, 0x0bc2u, 0x2e12u, 0x98b4u, 0xd87fu, 0x0b25u,
      0x8416u, 0x57c4u, 0x5ce2u, 0xf481u, 0x5e44u, 0x5ed9u, 0x1778u, 0x0c26u, 0x1f0fu
    },
    {
      0x081du, 0x4519u, 0xd0c1u, 0xb22au, 0xcb3cu, 0xc427u, 0x4286u, 0x2329u, 0xfa42u, 0x2d44u,
      0xfad6u, 0x463du, 0x375au, 0x22a4u, 0x4cc9u, 0x8198u, 0x2e79u, 0x2c06u, 0x50f3u
    },
    {
      0x2ec1u, 0xa0e9u, 0xad50u, 0x47d3u, 0x9329u, 0xd987u, 0xa247u, 0x21edu, 0xfe1eu, 0x2d44u,
      0xfad6u, 0x4265u, 0x771bu, 0xf261u, 0x4dc8u, 0xccd0u, 0x2e78u, 0x2406u, 0x55b7u
    },
    {
      0xf1beu, 0x5f1eu, 0x53a6u, 0xf528u, 0x7c56u, 0x2e5cu, 0x5df8u, 0xde52u, 0x05b5u, 0xf2bbu,
      0x0529u, 0xfd9au, 0x88a4u, 0x0dd6u, 0xb237u, 0x132fu, 0xd187u, 0xdbf9u, 0xaa40u
    }
};

/* perceive_0: multiplier of each output; 19, 16 bits each, 38 bytes. */
static const int16_t state_multiplier[19] = {
    16348, 13622, 14446, 10872, 17263, 15191, 13274, 12118, 8701, 17884, 17707, 17683, 18107,
    17943, 17577, 18114, 18351, 18098, 18220
};

/* perceive/0: digits of a cell outside the grid; 4, 32 bits each, 16 bytes. */
static const uint32_t perceive_0_outside[4] = {
    0x00000000u, 0x00000000u, 0x000fffffu, 0x00000000u
};

/* update/1: multiplier of each output; 19, 16 bits each, 38 bytes. */
static const int16_t update_1_multiplier[19] = {
    15500, 12352, 10872, 12557, 9599, 9085, 15972, 17735, 17955, 6653, 6358, 5320, 4571, 3703,
    4845, 2981, 8146, 9429, 4271
};

/* update/1: what is added then, before the shift; 19, 32 bits each, 76 bytes. */
static const int32_t update_1_bias[19] = {
    -1542471, -264228, 1012227, -268901, 72654, -288335, -1385542, 664382, -841130, -20508,
    222152, 419371, 170851, 62598, 106774, 163574, 168706, 214743, 80395
};

static uint32_t is_alive(const struct automaton *a, uint32_t place)
{
    return a->grey[place] >= AUTOMATON_ALIVE_FROM;
}

static void put_grey(struct automaton *a, uint32_t place, uint8_t grey)
{
    a->grey[place] = grey;
}

/* Adds to each output what the ones of a digit are worth that it shares with the inputs.
 * Apart: within its caller gcc does not turn the loop into vectors. */
#ifdef __GNUC__
__attribute__((noinline))
#endif
static void perceive_0_sums(uint32_t *sums, const uint32_t *bits, uint32_t worth)
{
    for (uint32_t plane = 0; plane < 4u; plane++) {
        {
            const uint32_t b0 = bits[0u];
            const uint32_t b1 = bits[1u];
            const uint32_t b2 = bits[2u];
            const uint32_t b3 = bits[3u];
            const uint32_t b4 = bits[4u];
            const uint32_t b5 = bits[5u];
            for (uint32_t c = 0; c < 80u; c++) {
                sums[c] += worth * ones_6(perceive_0_weights[plane][0u][c] & b0, perceive_0_weights[plane][1u][c] & b1, perceive_0_weights[plane][2u][c] & b2, perceive_0_weights[plane][3u][c] & b3, perceive_0_weights[plane][4u][c] & b4, perceive_0_weights[plane][5u][c] & b5);
            }
        }
        worth *= 2u;
    }
}

static void perceive_0_accumulate(int32_t *accumulators, const uint32_t *window)
{
    uint32_t sums[80];
    uint32_t base = 0;
    for (uint32_t w = 0; w < 24u; w++) {
        base += ones_1(window[w]) << (w / 6u);
    }
    base = 0u - base * 30u;
    clear(sums, 80u);
    for (uint32_t digit = 0; digit < 4u; digit++) {
        perceive_0_sums(sums, window + digit * 6u, (uint32_t)1 << digit);
    }
    for (uint32_t c = 0; c < 80u; c++) {
        accumulators[c] = to_signed(4u * sums[c] + base);
    }
}

static void perceive_0_layer(uint32_t *packed, const uint32_t *window)
{
    int32_t accumulators[80];
    perceive_0_accumulate(accumulators, window);
    uint32_t levels[80];
    for (uint32_t c = 0; c < 80u; c++) {
        int32_t level = floor_shift(accumulators[c] * perceive_0_multiplier[c] + perceive_0_bias[c], 20u);
        uint32_t code = level < 0 ? 0u : level > 4 ? 4u : (uint32_t)level;
        levels[c] = code;
    }
    pack(packed, levels, 80u, 3u);
}

/* Adds to each output what the ones of a digit are worth that it shares with the inputs.
 * Apart: within its caller gcc does not turn the loop into vectors. */
#ifdef __GNUC__
__attribute__((noinline))
#endif
static void update_0_sums(uint32_t *sums, const uint32_t *bits, uint32_t worth)
{
    for (uint32_t plane = 0; plane < 4u; plane++) {
        {
            const uint32_t b0 = bits[0u];
            const uint32_t b1 = bits[1u];
            const uint32_t b2 = bits[2u];
            for (uint32_t c = 0; c < 80u; c++) {
                sums[c] += worth * ones_3(update_0_weights[plane][0u][c] & b0, update_0_weights[plane][1u][c] & b1, update_0_rest[plane][c] & b2);
            }
        }
        worth *= 2u;
    }
}

static void update_0_accumulate(int32_t *accumulators, const uint32_t *window)
{
    uint32_t sums[80];
    uint32_t base = 0;
    for (uint32_t w = 0; w < 9u; w++) {
        base += ones_1(window[w]) << (w / 3u);
    }
    base = 0u - base * 30u;
    clear(sums, 80u);
    for (uint32_t digit = 0; digit < 3u; digit++) {
        update_0_sums(sums, window + digit * 3u, (uint32_t)1 << digit);
    }
    for (uint32_t c = 0; c < 80u; c++) {
        accumulators[c] = to_signed(4u * sums[c] + base);
    }
}

static void update_0_layer(uint32_t *packed, const uint32_t *window)
{
    int32_t accumulators[80];
    update_0_accumulate(accumulators, window);
    uint32_t levels[80];
    for (uint32_t c = 0; c < 80u; c++) {
        int32_t level = floor_shift(accumulators[c] * update_0_multiplier[c] + update_0_bias[c], 19u);
        uint32_t code = level < 0 ? 0u : level > 4 ? 4u : (uint32_t)level;
        levels[c] = code;
    }
    pack(packed, levels, 80u, 3u);
}

/* Adds to each output what the ones of a digit are worth that it shares with the inputs.
 * Apart: within its caller gcc does not turn the loop into vectors. */
#ifdef __GNUC__
__attribute__((noinline))
#endif
static void update_1_sums(uint32_t *sums, const uint32_t *bits, uint32_t worth)
{
    for (uint32_t plane = 0; plane < 4u; plane++) {
        {
            const uint32_t b0 = bits[0u];
            const uint32_t b1 = bits[1u];
            const uint32_t b2 = bits[2u];
            for (uint32_t c = 0; c < 19u; c++) {
                sums[c] += worth * ones_3(update_1_weights[plane][0u][c] & b0, update_1_weights[plane][1u][c] & b1, update_1_rest[plane][c] & b2);
            }
        }
        worth *= 2u;
    }
}

static void update_1_accumulate(int32_t *accumulators, const uint32_t *window)
{
    uint32_t sums[19];
    uint32_t base = 0;
    for (uint32_t w = 0; w < 9u; w++) {
        base += ones_1(window[w]) << (w / 3u);
    }
    base = 0u - base * 30u;
    clear(sums, 19u);
    for (uint32_t digit = 0; digit < 3u; digit++) {
        update_1_sums(sums, window + digit * 3u, (uint32_t)1 << digit);
    }
    for (uint32_t c = 0; c < 19u; c++) {
        accumulators[c] = to_signed(4u * sums[c] + base);
    }
}

/* What perceive_0 reads in the cells of a row. */
static void read_row(struct automaton *a, uint32_t row)
{
    for (uint32_t column = 0; column < a->width; column++) {
        uint32_t place = row * a->width + column;
        int32_t grey = a->grey[place];
        const int16_t *state = &a->state[place * 19u];
        uint32_t *cell = &a->ring_0[((row % 3u) * MAX_WIDTH + column) * 4u];
        if (is_alive(a, place) == 0u) {
            cell[0] = 0x00000000u;
            cell[1] = 0x00000000u;
            cell[2] = 0x000fffffu;
            cell[3] = 0x00000000u;
            continue;
        }
        uint32_t levels[20];
        {
            int32_t level = floor_shift(grey * 18672 + 4718591, 20u);
            uint32_t code = level < 0 ? 0u : level > 8 ? 8u : (uint32_t)level;
            levels[0] = code;
        }
        for (uint32_t c = 0; c < 19u; c++) {
            int32_t level = floor_shift(state[c] * state_multiplier[c] + 9437183, 21u);
            uint32_t code = level < 0 ? 0u : level > 8 ? 8u : (uint32_t)level;
            levels[c + 1u] = code;
        }
        pack(cell, levels, 20u, 4u);
    }
}

static void perceive_0_at(const struct automaton *a, uint32_t row, uint32_t column,
    uint32_t *packed)
{
    const uint32_t *ring = a->ring_0;
    uint32_t window[24];
    const uint32_t *cells[9];
    /* Most cells stand away from the edges. */
    if (row - 1u < a->height - 2u && column - 1u < a->width - 2u) {
        for (uint32_t y = 0; y < 3u; y++) {
            const uint32_t *middle = &ring[(((row + y + 2u) % 3u) * MAX_WIDTH + column) * 4u];
            cells[3u * y] = middle - 4;
            cells[3u * y + 1u] = middle;
            cells[3u * y + 2u] = middle + 4;
        }
    } else {
        for (uint32_t tap = 0; tap < 9u; tap++) {
            uint32_t y = row + tap / 3u - 1u;
            uint32_t x = column + tap % 3u - 1u;
            uint32_t is_inside = y < a->height && x < a->width;
            cells[tap] = is_inside != 0u ? &ring[((y % 3u) * MAX_WIDTH + x) * 4u] : perceive_0_outside;
        }
    }
    for (uint32_t digit = 0; digit < 4u; digit++) {
        window[digit * 6u + 0u] = (cells[0][digit * 1u + 0u])
            | (cells[1][digit * 1u + 0u] << 20u);
        window[digit * 6u + 1u] = (cells[1][digit * 1u + 0u] >> 12u)
            | (cells[2][digit * 1u + 0u] << 8u)
            | (cells[3][digit * 1u + 0u] << 28u);
        window[digit * 6u + 2u] = (cells[3][digit * 1u + 0u] >> 4u)
            | (cells[4][digit * 1u + 0u] << 16u);
        window[digit * 6u + 3u] = (cells[4][digit * 1u + 0u] >> 16u)
            | (cells[5][digit * 1u + 0u] << 4u)
            | (cells[6][digit * 1u + 0u] << 24u);
        window[digit * 6u + 4u] = (cells[6][digit * 1u + 0u] >> 8u)
            | (cells[7][digit * 1u + 0u] << 12u);
        window[digit * 6u + 5u] = (cells[8][digit * 1u + 0u]);
    }
    perceive_0_layer(packed, window);
}

/* Adds to a cell's state what the networks make of its window. */
static void update_cell(struct automaton *a, uint32_t row, uint32_t column)
{
    int32_t accumulators[19];
    uint32_t update_0_codes[9];
    uint32_t update_1_codes[9];
    perceive_0_at(a, row, column, update_0_codes);
    update_0_layer(update_1_codes, update_0_codes);
    update_1_accumulate(accumulators, update_1_codes);
    int16_t *state = &a->state[(row * a->width + column) * 19u];
    for (uint32_t c = 0; c < 19u; c++) {
        int32_t word = state[c] + floor_shift(accumulators[c] * update_1_multiplier[c] + update_1_bias[c], 13u);
        state[c] = (int16_t)(word < -32768 ? -32768 : word > 32767 ? 32767 : word);
    }
}

/* One step. Rows of the state change once no layer will read them any more. */
static void advance(struct automaton *a)
{
    uint32_t key = mix(a->seed + mix(a->step + 0x9e3779b9u));
    for (uint32_t tick = 0; tick < a->height + 1u; tick++) {
        if (tick < a->height) {
            read_row(a, tick);
        }
        if (tick >= 1u) {
            uint32_t row = tick - 1u;
            for (uint32_t start = 0; start < a->width; start += 32u) {
                uint32_t place = row * a->width + start, firing = 0;
                uint32_t left = a->width - start < 32u ? a->width - start : 32u;
                for (uint32_t b = 0; b < left; b++) {
                    firing |= (uint32_t)(is_alive(a, place + b) & ((mix(key + (place + b) * 0x9e3779b9u) >> 16) < 32768u)) << b;
                }
                while (firing != 0u) {
                    uint32_t b = ones_1((firing & (0u - firing)) - 1u);
                    update_cell(a, row, start + b);
                    firing &= firing - 1u;
                }
            }
        }
    }
    a->step += 1u;
}

static int is_size(uint32_t height, uint32_t width)
{
    return height != 0u && height <= AUTOMATON_MAX_HEIGHT && width != 0u && width <= MAX_WIDTH;
}

static int check(const struct automaton *a)
{
    if (a == 0) {
        return AUTOMATON_NULL;
    }
    return a->ready == 0x4c51ca01u && is_size(a->height, a->width) ? AUTOMATON_OK
                                                               : AUTOMATON_NOT_STARTED;
}

int automaton_start(struct automaton *a, const uint8_t *picture, uint32_t height, uint32_t width,
    uint32_t seed)
{
    if (a == 0 || picture == 0) {
        return AUTOMATON_NULL;
    }
    if (!is_size(height, width)) {
        return AUTOMATON_SIZE;
    }
    for (uint32_t i = 0; i < height * width * AUTOMATON_CHANNELS; i++) {
        a->state[i] = 0;
    }
    for (uint32_t place = 0; place < height * width; place++) {
        put_grey(a, place, picture[place]);
    }
    a->ready = 0x4c51ca01u;
    a->height = height;
    a->width = width;
    a->step = 0;
    a->seed = seed;
    return AUTOMATON_OK;
}

int automaton_show(struct automaton *a, const uint8_t *picture)
{
    int problem = check(a);
    if (problem != AUTOMATON_OK || picture == 0) {
        return problem != AUTOMATON_OK ? problem : AUTOMATON_NULL;
    }
    for (uint32_t place = 0; place < a->height * a->width; place++) {
        put_grey(a, place, picture[place]);
        if (is_alive(a, place) == 0u) {
            for (uint32_t c = 0; c < AUTOMATON_CHANNELS; c++) {
                a->state[place * AUTOMATON_CHANNELS + c] = 0;
            }
        }
    }
    return AUTOMATON_OK;
}

int automaton_step(struct automaton *a)
{
    return automaton_rollout(a, 1u);
}

int automaton_rollout(struct automaton *a, uint32_t steps)
{
    int problem = check(a);
    if (problem != AUTOMATON_OK) {
        return problem;
    }
    for (uint32_t i = 0; i < steps; i++) {
        advance(a);
    }
    return AUTOMATON_OK;
}

int automaton_classify(const struct automaton *a, uint32_t *votes, uint32_t *winner)
{
    uint32_t counts[AUTOMATON_CLASSES];
    int problem = check(a);
    if (problem != AUTOMATON_OK || winner == 0) {
        return problem != AUTOMATON_OK ? problem : AUTOMATON_NULL;
    }
    for (uint32_t c = 0; c < AUTOMATON_CLASSES; c++) {
        counts[c] = 0;
    }
    for (uint32_t place = 0; place < a->height * a->width; place++) {
        if (is_alive(a, place) != 0u) {
            const int16_t *words =
                &a->state[(place + 1u) * AUTOMATON_CHANNELS - AUTOMATON_CLASSES];
            uint32_t best = 0;
            for (uint32_t c = 1; c < AUTOMATON_CLASSES; c++) {
                if (words[c] > words[best]) {
                    best = c;
                }
            }
            counts[best] += 1u;
        }
    }
    *winner = AUTOMATON_CLASSES;
    for (uint32_t c = 0; c < AUTOMATON_CLASSES; c++) {
        if (votes != 0) {
            votes[c] = counts[c];
        }
        if (counts[c] > (*winner == AUTOMATON_CLASSES ? 0u : counts[*winner])) {
            *winner = c;
        }
    }
    return AUTOMATON_OK;
}
