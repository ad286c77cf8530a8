/* Rust's standard library gets its random numbers from this DLL. Every Windows since 7 has it; Wine before 8.10 has not. */
#include <windows.h>

/* RtlGenRandom; no header of mingw-w64 declares it under its real name. */
BOOLEAN NTAPI SystemFunction036(PVOID bytes, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T length)
{
    return SystemFunction036(bytes, (ULONG)length);
}
