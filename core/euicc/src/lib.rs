//! The software eUICC: ISD-R, ECASD and the UICC beneath.
#![forbid(unsafe_code)]
